"""``codeblue proxy`` alone, and the option ``--proxy`` of the commands that start a platform."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner

from codeblue.cli import main
from codeblue.cli.assess import assess
from codeblue.cli.proxy import proxy_option
from codeblue.session.fault_proxy import VARIABLE

from .conftest import CodeblueCommand

StartCodeblue = Callable[..., subprocess.Popen[str]]
GUARD = 20.0


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_a_signal_ends_it_with_zero(
    start_codeblue: StartCodeblue, tmp_path: Path, number: signal.Signals
) -> None:
    process = start_codeblue("proxy", "--port", "0", cwd=tmp_path)
    line = said(process)
    found = re.fullmatch(
        r"Fault proxy: its API listens on (http://127\.0\.0\.1:\d+)\. Ctrl-C ends it\.\n", line
    )
    assert found, line
    assert httpx.get(f"{found[1]}/leases").status_code == 200
    process.send_signal(number)
    assert process.wait(GUARD) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


@pytest.mark.slow
def test_its_options_reach_the_server(start_codeblue: StartCodeblue, tmp_path: Path) -> None:
    listed = [{"name": "a", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}]
    (tmp_path / "proxies.json").write_text(json.dumps(listed))
    options = ["--port", "0", "--strict", "--config", "proxies.json", "--json", "--host", "::1"]
    process = start_codeblue("proxy", *options, cwd=tmp_path)
    address = json.loads(said(process))["listening"]
    assert address.startswith("[::1]:")
    assert set(httpx.get(f"http://{address}/proxies").json()) == {"a"}
    assert httpx.get(f"http://{address}/leases").status_code == 404
    process.terminate()
    assert process.wait(GUARD) == 0


@pytest.mark.slow
def test_what_is_wrong_is_one_line_and_exit_2(codeblue: CodeblueCommand, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for options, words in (
            (["--port", port], f"127.0.0.1:{port}: address already in use"),
            (["--port", "0", "--config", "none.json"], "none.json: No such file"),
            (["--port", "0", "--host", "nowhere.invalid"], "nowhere.invalid"),
        ):
            done = codeblue("proxy", *options, cwd=tmp_path)
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr.startswith("error: ")
            assert words in done.stderr
            assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["up", "assess", "load"])
def test_what_starts_a_platform_takes_the_option(command: str) -> None:
    done = CliRunner().invoke(main, [command, "--proxy", "nobody's"])
    assert done.exit_code == 2
    assert "'embedded', 'toxiproxy'" in done.output


@pytest.mark.parametrize("before", [None, "embedded"])
def test_the_choice_lasts_as_long_as_the_command(
    monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VARIABLE, before)

    @click.command()
    @proxy_option
    def show() -> None:
        click.echo(str(os.environ.get(VARIABLE)))

    assert CliRunner().invoke(show, ["--proxy", "toxiproxy"]).output == "toxiproxy\n"
    assert os.environ.get(VARIABLE) == before
    assert CliRunner().invoke(show, []).output == f"{before}\n"


def test_a_command_that_is_only_parsed_chooses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assess.make_context("assess", ["--proxy", "toxiproxy"])
    assert VARIABLE not in os.environ
