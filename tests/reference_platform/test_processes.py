from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reference_platform.processes import Process, execute, stop_all


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def forever() -> None:
    while True:
        time.sleep(1)


def stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdout.write("ignoring\n")
    forever()


def crash() -> None:
    raise RuntimeError("crashed on purpose")


def write_to_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        os.write(writer, b"x")
    except BrokenPipeError:
        sys.stdout.write("an error, not death\n")


def test_a_child_that_writes_to_a_peer_that_is_gone_gets_an_error(tmp_path: Path) -> None:
    process = Process("child", write_to_nobody, tmp_path / "log")
    process.start()
    until(lambda: not process.alive)
    assert "an error, not death" in (tmp_path / "log").read_text()


def test_a_child_runs_until_it_is_terminated_and_can_start_again(tmp_path: Path) -> None:
    process = Process("child", forever, tmp_path / "log")
    process.start()
    first = process.pid
    assert process.alive
    process.terminate()
    until(lambda: not process.alive)
    process.start()
    assert process.pid not in (None, first)
    process.kill()
    assert not process.alive


def test_output_and_traceback_go_to_the_log(tmp_path: Path) -> None:
    process = Process("child", crash, tmp_path / "a log")
    process.start()
    until(lambda: not process.alive)
    assert "crashed on purpose" in (tmp_path / "a log").read_text()


def test_a_child_may_become_a_program_in_another_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os; print(os.getcwd())"]
    process = Process("child", lambda: execute(command, tmp_path), tmp_path / "log")
    process.start()
    until(lambda: not process.alive)
    assert (tmp_path / "log").read_text().strip() == str(tmp_path)


def test_stop_all_kills_what_does_not_end(tmp_path: Path) -> None:
    processes = [Process(run.__name__, run, tmp_path / run.__name__) for run in (forever, stubborn)]
    for process in processes:
        process.start()
    log = tmp_path / "stubborn"
    until(lambda: log.exists() and "ignoring" in log.read_text())
    stop_all(processes, grace=0.2)
    assert [process.pid for process in processes] == [None, None]


PARENT = """
import sys, time
from pathlib import Path
from reference_platform.processes import Process
def forever():
    time.sleep(600)
process = Process("child", forever, Path(sys.argv[1]))
process.start()
print(process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_a_child_dies_with_its_killed_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
    assert psutil.wait_procs([child], timeout=10)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="names of processes are Linux's")
@pytest.mark.parametrize("name", ["hub", "scheduling"])
def test_a_child_can_be_told_by_its_name(tmp_path: Path, name: str) -> None:
    process = Process(name, forever, tmp_path / "log")
    process.start()
    try:
        until(lambda: psutil.Process(process.pid).name() == f"rp-{name}")
    finally:
        process.kill()
