"""The command, started for real in a workspace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

CodeblueCommand = Callable[..., subprocess.CompletedProcess[str]]
StartCodeblue = Callable[..., subprocess.Popen[str]]

_COMMAND = [sys.executable, "-m", "codeblue.cli"]


def _environment() -> dict[str, str]:
    """That of the test, without the session that it may itself run in."""
    return {k: v for k, v in os.environ.items() if not k.startswith("CODEBLUE_")}


@pytest.fixture
def codeblue() -> CodeblueCommand:
    """Runs the command to its end."""

    def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_COMMAND, *arguments],
            cwd=cwd,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def start_codeblue() -> Iterator[StartCodeblue]:
    """Starts the command and leaves it running."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*_COMMAND, *arguments],
            cwd=cwd,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The process and all its descendants, as they are now."""
    root = psutil.Process(process.pid)
    return [root, *root.children(recursive=True)]


def until(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether ``condition`` came true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def ended(family: list[psutil.Process]) -> bool:
    """Whether all of ``family`` are gone; a zombie that nobody has reaped yet is gone too."""
    return all(
        not member.is_running() or member.status() == psutil.STATUS_ZOMBIE for member in family
    )
