"""The command, started for real in a workspace of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
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


def started(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """The command, running."""
    return subprocess.Popen(
        [*_COMMAND, *arguments],
        cwd=cwd,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
        processes.append(started(*arguments, cwd=cwd))
        return processes[-1]

    yield start
    for process in processes:
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


NOTES_TOML = """
[target]
name = "A platform for notes"
base_url = "http://{edge.client-gateway}"

[target.start]
command = ["{python}", "load_platform.py", "{profile}", "{port.web}"]
environment = { NOTES_TOKEN = "{secret.notes}" }

[tenants.riverside]
roles = { clinician = "env:NOTES_TOKEN" }

[edges.client-gateway]
upstream = "127.0.0.1:{port.web}"
listen = "127.0.0.1:{port.edge}"

[objectives.note]
availability = 99.0
p99 = "30s"
"""

NOTES_JOURNEY = """
from itertools import count

from locust import task

from codeblue.load.journey import Journey

_texts = count()


class Note(Journey):
    @task
    def write(self) -> None:
        body = {"text": f"note {next(_texts)}"}
        self.create("/notes", body, kind="note", patient="p", where="/notes/{id}", must=["text"])
"""

# What is examined is the command, not the machine that it runs on: it may be a busy one.
NOTES_PROFILES = {
    "calm": """
        title = "A calm day"
        seconds = 1.5
        drain = 1
        lateness_bound = 5
        journeys = { note = 20 }
        """,
    "spike": """
        title = "Three times as many for a second"
        shape = { kind = "spike", peak = 3, before = 1, during = 1, after = 4 }
        lateness_bound = 5
        journeys = { note = 15 }
        [recovery]
        calm = [0, 1]
        spike_ends = 2
        within = "4s"
        """,
    "long": """
        seconds = 60
        drain = 1
        lateness_bound = 5
        journeys = { note = 20 }
        """,
    "limits": """
        title = "How much it takes"
        seconds = 1
        drain = 1
        arrivals = "constant"
        lateness_bound = 5
        journeys = { note = 1 }
        [search]
        start = 20
        lowest = 20
        highest = 160
        precision = 1.0
        confirmations = 1
        """,
}


def write_notes(root: Path) -> Path:
    """A workspace at ``root`` with a small platform that takes notes, and loads for it."""
    journeys, loads = root / "scenarios" / "journeys", root / "scenarios" / "load"
    journeys.mkdir(parents=True)
    loads.mkdir()
    (root / "codeblue.toml").write_text(NOTES_TOML)
    shutil.copy(Path(__file__).with_name("load_platform.py"), root)
    (journeys / "note.py").write_text(NOTES_JOURNEY)
    for name, profile in NOTES_PROFILES.items():
        (loads / f"{name}.toml").write_text(textwrap.dedent(profile))
    return root


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A workspace with a small platform that takes notes, and loads for it."""
    return write_notes(tmp_path / "a workspace")
