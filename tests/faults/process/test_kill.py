"""Kill: a process dies without a word, and somebody else starts it again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from codeblue.errors import CodeblueError, UsageError
from codeblue.faults import make
from codeblue.faults.process import succession
from codeblue.faults.process.identity import Identity

from ..processes import SLEEPER, platform, until

# Answers half a second after its start, and notes each of its starts.
SLOW_START = """
import socket, sys, time
with open({notes!r}, "a") as notes:
    notes.write("started\\n")
time.sleep(0.5)
server = socket.create_server(("127.0.0.1", {port}))
while True:
    server.accept()[0].close()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_it_is_healed_when_a_successor_answers() -> None:
    port = free_port()
    child = SLOW_START.format(notes=os.devnull, port=port)
    with platform(child, answers=f"127.0.0.1:{port}") as running:
        until(lambda: accepts(port))
        fault, first = make("kill", "worker"), running.child()
        trace = fault.prepare(running.ground)
        assert fault.healed(running.ground, trace)
        fault.inject(running.ground, trace)
        assert not Identity(*trace["victim"]).alive
        running.child(after=first)
        assert not fault.healed(running.ground, trace)
        fault.heal(running.ground, trace)
        until(lambda: fault.healed(running.ground, trace))
        assert accepts(port)


def test_thrice_means_three_that_had_answered(tmp_path: Path) -> None:
    port, notes = free_port(), tmp_path / "notes"
    child = SLOW_START.format(notes=str(notes), port=port)
    with platform(child, answers=f"127.0.0.1:{port}") as running:
        until(lambda: accepts(port))
        fault = make("kill", "worker", times=3)
        trace = fault.prepare(running.ground)
        began = time.monotonic()
        fault.inject(running.ground, trace)
        assert time.monotonic() - began > 1.0  # two successors of half a second each
        fault.heal(running.ground, trace)
        until(lambda: fault.healed(running.ground, trace))
        assert notes.read_text().count("started") == 4


@pytest.mark.parametrize("how", ["heal", "cease"])
def test_healing_ends_the_killing(how: str) -> None:
    port = free_port()
    with platform(SLEEPER, answers=f"127.0.0.1:{port}") as running:  # it never answers
        fault, errors = make("kill", "worker", times=3), []
        trace = fault.prepare(running.ground)

        def inject() -> None:
            try:
                fault.inject(running.ground, trace)
            except CodeblueError as error:
                errors.append(error)

        killing = threading.Thread(target=inject)
        first = running.child()
        killing.start()
        second = running.child(after=first)
        if how == "heal":
            fault.heal(running.ground, trace)
        else:
            succession.cease()
        killing.join(timeout=5)
        assert not killing.is_alive()
        assert second.is_running()
        assert not errors


def test_without_a_successor_it_is_not_healed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(succession, "SUCCESSOR_SECONDS", 0.3)
    with platform(times=1) as running:
        fault = make("kill", "worker", times=2)
        trace = fault.prepare(running.ground)
        with pytest.raises(CodeblueError, match="no successor runs and answers"):
            fault.inject(running.ground, trace)
        fault.heal(running.ground, trace)
        assert not fault.healed(running.ground, trace)


def test_with_a_platform_that_has_ended_there_is_nothing_to_heal() -> None:
    with platform(times=1) as running:
        fault = make("kill", "worker")
        trace = fault.prepare(running.ground)
        fault.inject(running.ground, trace)
        os.kill(running.pid, signal.SIGKILL)
        until(lambda: fault.healed(running.ground, trace))


def test_a_command_starts_it_again_when_nobody_else_does(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    start = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-c", {SLEEPER!r}], start_new_session=True)
open({str(pidfile)!r}, "w").write(str(child.pid))
"""
    command = [sys.executable, "-I", "-c", start]
    subprocess.run(command, check=True)
    with platform(match=None, pidfile=str(pidfile), restart=command) as running:
        fault, first = make("kill", "worker"), int(pidfile.read_text())
        trace = fault.prepare(running.ground)
        fault.inject(running.ground, trace)
        assert not fault.healed(running.ground, trace)
        fault.heal(running.ground, trace)
        until(lambda: fault.healed(running.ground, trace))
        second = int(pidfile.read_text())
        assert second != first
        fault.heal(running.ground, trace)  # it runs, so the command does not run again
        assert int(pidfile.read_text()) == second
        os.kill(second, signal.SIGKILL)


@pytest.mark.parametrize("times", [0, 21])
def test_how_often_is_bounded(times: int) -> None:
    with platform() as running, pytest.raises(UsageError, match="Give 1 to 20"):
        make("kill", "worker", times=times).prepare(running.ground)


def test_the_process_that_codeblue_started_is_refused() -> None:
    with platform(match="time.sleep(3600)") as running:
        for fault in ("kill", "restart"):
            with pytest.raises(UsageError, match="nobody would start it again"):
                make(fault, "worker").prepare(running.ground)
