"""Restart: ends in order, and comes back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codeblue.errors import CodeblueError
from codeblue.faults import make
from codeblue.faults.process import restart

from ..processes import platform, until

# Notes how it was asked to end.
NOTING = """
import signal, sys, time
def end(number, frame):
    open({notes!r}, "a").write(signal.Signals(number).name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
open({ready!r}, "a").write("x")
time.sleep(3600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open({ready!r}, "a").write("x")
time.sleep(3600)
"""


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_it_is_asked_in_its_own_way_and_comes_back(tmp_path: Path, number: str) -> None:
    notes, ready = tmp_path / "notes", tmp_path / "ready"
    child = NOTING.format(notes=str(notes), ready=str(ready))
    with platform(child, stop_signal=number) as running:
        until(ready.exists)
        fault, first = make("restart", "worker"), running.child()
        trace = fault.prepare(running.ground)
        fault.inject(running.ground, trace)
        assert notes.read_text() == f"{number}\n"
        fault.heal(running.ground, trace)
        until(lambda: fault.healed(running.ground, trace))
        assert running.child(after=first).is_running()


def test_one_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "END_SECONDS", 0.3)
    ready = tmp_path / "ready"
    with platform(STUBBORN.format(ready=str(ready))) as running:
        until(ready.exists)
        fault, first = make("restart", "worker"), running.child()
        trace = fault.prepare(running.ground)
        fault.inject(running.ground, trace)
        assert running.child(after=first).is_running()


def test_a_command_does_it_where_one_is_declared(tmp_path: Path) -> None:
    done = tmp_path / "done"
    command = [sys.executable, "-I", "-c", f"open({str(done)!r}, 'a').write('x')"]
    with platform(restart=command) as running:
        fault, first = make("restart", "worker"), running.child()
        trace = fault.prepare(running.ground)
        fault.inject(running.ground, trace)
        assert done.read_text() == "x"
        assert first.is_running()  # the command is trusted to know how
        assert fault.healed(running.ground, trace)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ([sys.executable, "-c", "raise SystemExit(7)"], "failed with exit code 7"),
        (["/no/such/command"], "Correct the command"),
    ],
)
def test_a_command_that_fails_is_said(command: list[str], sentence: str) -> None:
    with platform(restart=command) as running:
        fault = make("restart", "worker")
        trace = fault.prepare(running.ground)
        with pytest.raises(CodeblueError, match=sentence):
            fault.inject(running.ground, trace)
