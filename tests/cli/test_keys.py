from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from codeblue.session_file import UP, SessionFile

from .conftest import until

COUNTING = """
import time
from codeblue.cli.keys import pressed
count = []
with pressed({"h": lambda: count.append("h")}) as heeded:
    print("heeded" if heeded else "alone", flush=True)
    while heeded and len(count) < 2:
        time.sleep(0.01)
print("seen", *count, flush=True)
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal: ours, and that of the command."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def on_terminal(command: list[str], theirs: int, cwd: Path) -> subprocess.Popen[str]:
    """The command with that terminal as its own, in the foreground."""
    take = "import os, sys, fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    code = f"{take}; os.execv(sys.argv[1], sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", code, sys.executable, *command],
        cwd=cwd,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )


def test_keys_are_heard_and_others_are_not(terminal: tuple[int, int], tmp_path: Path) -> None:
    ours, theirs = terminal
    process = on_terminal(["-c", COUNTING], theirs, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "heeded\n"
    os.write(ours, b"xhyh")
    assert process.communicate(timeout=30)[0] == "seen h h\n"


def test_without_a_terminal_nothing_is_heard() -> None:
    command = [sys.executable, "-c", COUNTING]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert done.stdout == b"alone\nseen\n"


def test_a_job_in_the_background_is_not_stopped_by_asking(terminal: tuple[int, int]) -> None:
    """Its terminal belongs to another group of processes."""
    command = [sys.executable, "-c", COUNTING]
    done = subprocess.run(
        command, stdin=terminal[1], capture_output=True, check=True, process_group=0, timeout=30
    )
    assert done.stdout == b"alone\nseen\n"


@pytest.mark.slow
def test_the_key_of_a_game_day_heals_what_others_have_broken(
    terminal: tuple[int, int], notes: Path
) -> None:
    ours, theirs = terminal
    process = on_terminal(["-m", "codeblue.cli", "up"], theirs, notes)
    try:
        assert until((notes / UP).is_file)
        proxies = f"{SessionFile.read(notes / UP).proxy_url}/proxies"
        toxic = {"type": "latency", "attributes": {"latency": 60_000}}
        httpx.post(f"{proxies}/client-gateway/toxics", json=toxic).raise_for_status()

        def healed_by_key() -> bool:
            os.write(ours, b"h")
            return not httpx.get(f"{proxies}/client-gateway/toxics").json()

        assert until(healed_by_key, 20)
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert "h heals everything" in output
    assert "client-gateway  latency" in output
    assert process.returncode == 0
