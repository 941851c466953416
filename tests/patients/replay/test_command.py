"""``codeblue data replay`` against receivers that behave as they are told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codeblue.cli import main

from .conftest import SILENCE, Start

BEFORE = ["data", "replay", "--population", "regional-network", "--patients", "3000"]
CLEAN = ["--mess", "0"]
FAST = ["--hours", "24", "--speed", "1e9"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*BEFORE, *arguments])


def test_it_plays_messages_and_resources_and_sums_up(start: Start) -> None:
    receiver = start("mllp", lambda number: "AE" if number == 3 else "AA")
    server = start("http", lambda _: "201")
    mllp, http = f"127.0.0.1:{receiver.port}", f"http://127.0.0.1:{server.port}/fhir"
    result = run(*FAST, *CLEAN, "--mllp", mllp, "--http", http, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["ended"] == "complete"
    assert told["answers"]["mllp"] == {"AA": len(receiver.messages) - 1, "AE": 1}
    assert set(told["answers"]["fhir"]) == {"201"}
    assert set(told["late_ms"]) == {"p50", "p99", "max"}
    assert told["deliveries"] > 20


def test_the_summary_can_be_read(start: Start) -> None:
    receiver = start("mllp", lambda _: "AA")
    result = run(*FAST, "--mllp", f"127.0.0.1:{receiver.port}", "--limit", "7")
    assert result.exit_code == 0
    assert "7 deliveries in" in result.stdout
    assert "limit" in result.stdout
    assert result.stdout.split()[:3] == ["mllp", "AA", "7"]


def test_types_and_the_name_of_the_sender_can_be_chosen(start: Start) -> None:
    receiver = start("mllp", lambda _: "AA")
    where = ("--mllp", f"127.0.0.1:{receiver.port}", "--tenant", "riverside")
    assert run(*FAST, *CLEAN, *where, "--types", "ADT^A04,ADT^A03").exit_code == 0
    heads = [message.split(b"\r")[0].split(b"|") for message in receiver.messages]
    assert {head[8].split(b"^")[1] for head in heads} == {b"A04", b"A03"}
    assert {head[3] for head in heads} == {b"riverside"}


def test_what_was_spoiled_is_counted_and_written_down(start: Start, tmp_path: Path) -> None:
    receiver, truth = start("mllp", lambda _: "AA"), tmp_path / "truth.ndjson"
    where = ("--mllp", f"127.0.0.1:{receiver.port}", "--truth", str(truth), "--json")
    told = json.loads(run(*FAST, *where, "--mess", "8").stdout)
    labels = [json.loads(line) for line in truth.read_text("utf-8").splitlines()]
    assert Counter(label["kind"] for label in labels) == told["dirt"]
    sent = b"".join(receiver.messages).decode("latin-1")
    renamed = [each["after"] for each in labels if each["place"] == "family"]
    assert renamed
    assert all(name in sent for name in renamed if name.isascii())
    assert json.loads(run(*FAST, *where, "--mess", "0").stdout)["dirt"] == {}
    assert truth.read_bytes() == b""


def test_nobody_listening_is_one_sentence_and_exit_code_3(unused_tcp_port: int) -> None:
    result = run(*FAST, "--mllp", f"127.0.0.1:{unused_tcp_port}")
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert "cannot be reached" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("--mllp", ":2575"), "not HOST:PORT"),
        (("--mllp", "127.0.0.1:hl7"), "not HOST:PORT"),
        (("--mllp", "127.0.0.1:1", "--hours", "0"), "--hours 0.0: must be more than 0"),
        (("--mllp", "127.0.0.1:1", "--speed", "-1"), "--speed -1.0: must be more than 0"),
        (("--mllp", "127.0.0.1:1", "--hours", "1e9"), "at most 100000"),
        (("--mllp", "127.0.0.1:1", "--begin", "2300-01-01"), "within 50 years of 2025-06-02"),
        (("--mllp", "127.0.0.1:1", "--types", "ADT^A4"), 'Did you mean "ADT^A40"?'),
        (("--mllp", "192.0.2.7:2575"), 'does not list the host "192.0.2.7"'),
        (("--http", "https://fhir.example/r4"), 'does not list the host "fhir.example"'),
    ],
)
def test_a_wrong_option_is_explained(arguments: tuple[str, ...], advice: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert advice in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("behaviour", ["AA", SILENCE])
def test_ctrl_c_ends_it_with_the_summary(start: Start, behaviour: str) -> None:
    receiver = start("mllp", lambda _: behaviour)
    command = [sys.executable, "-m", "codeblue.cli", *BEFORE, "--hours", "9999", "--json"]
    command += ["--mllp", f"127.0.0.1:{receiver.port}", "--timeout", "0.5"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while len(receiver.messages) < 2 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")
    told = json.loads(out)
    assert told["ended"] == "interrupted"
    answered = sum(told["answers"]["mllp"].values())
    assert (
        told["deliveries"] == answered + told["unsent"] == len(receiver.messages) + told["unsent"]
    )
