from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from codeblue.errors import TargetError, UsageError
from codeblue.journal import RunDirectory
from codeblue.session import attach, started
from codeblue.session_file import SESSION_VARIABLE
from codeblue.target.variables import free_port

pytestmark = pytest.mark.slow

WorkspaceFactory = Callable[..., Path]


def test_a_session_brings_up_the_platform_and_its_edges_and_ends_both(
    make_workspace: WorkspaceFactory,
) -> None:
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "pilot")
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with started(workspace, run, "pilot", seed=1) as session:
        assert httpx.get(session.base_url + "/direct").json() == {"path": "/direct"}
        assert httpx.get(session.proxied_url + "/proxied").json() == {"path": "/proxied"}
        assert attach().base_url == session.base_url
        stored = run.path / "session.json"
        assert stored.stat().st_mode & 0o077 == 0
        known = json.loads(stored.read_bytes())
        assert known["holder"] == os.getpid()
        assert session.proxy_url.endswith(f":{known['variables']['ports']['fault-proxy']}")
        platform = session.edge("client-gateway").upstream
    assert SESSION_VARIABLE not in os.environ
    assert not (run.path / "session.json").exists()
    assert {process.pid for process in psutil.Process().children(recursive=True)} == before
    host, _, port = platform.partition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_without_a_session_there_is_nothing_to_attach_to(
    make_workspace: WorkspaceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_workspace())
    monkeypatch.delenv(SESSION_VARIABLE, raising=False)
    with pytest.raises(UsageError, match="Run `codeblue up`"):
        attach()


def test_an_unknown_profile_is_what_the_platform_says(make_workspace: WorkspaceFactory) -> None:
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "x")
    with (
        pytest.raises(UsageError, match='profile "prodction": no such profile'),
        started(workspace, run, "prodction", seed=1),
    ):
        pytest.fail("it started")


def test_a_port_that_is_taken_is_named(make_workspace: WorkspaceFactory) -> None:
    workspace = make_workspace()
    text = (workspace / "codeblue.toml").read_text()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        (workspace / "codeblue.toml").write_text(text.replace("{port.edge}", str(port)))
        run = RunDirectory.create(workspace, "x")
        with (
            pytest.raises(TargetError, match=f"127.0.0.1:{port} is already in use"),
            started(workspace, run, "pilot", seed=1),
        ):
            pytest.fail("it started")


def test_a_target_that_runs_elsewhere_must_answer(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "codeblue.toml").write_text(
        f'[target]\nname = "gone"\nbase_url = "http://127.0.0.1:{port}"\n'
    )
    run = RunDirectory.create(tmp_path, "x")
    with (
        pytest.raises(TargetError, match=r"does not answer \(Connection refused\)"),
        started(tmp_path, run, "", seed=1),
    ):
        pytest.fail("it started")


def test_a_command_that_does_not_exist_is_said(make_workspace: WorkspaceFactory) -> None:
    workspace = make_workspace()
    text = (workspace / "codeblue.toml").read_text()
    (workspace / "codeblue.toml").write_text(text.replace("{python}", "no-such-command"))
    run = RunDirectory.create(workspace, "x")
    with (
        pytest.raises(TargetError, match="no-such-command: cannot be started"),
        started(workspace, run, "pilot", seed=1),
    ):
        pytest.fail("it started")
