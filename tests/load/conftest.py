"""A real server to put load on, and a session that points at it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from codeblue.journal import Journal, RunDirectory
from codeblue.load import LoadPlan
from codeblue.session import Session, attach
from codeblue.session_file import SessionFile

JOURNEY = """
from locust import task
from codeblue.load.journey import Journey

class {name}(Journey):
    @task
    def act(self) -> None:
        {act}
"""

Server = subprocess.Popen[str]
Write = Callable[..., None]


@pytest.fixture
def server() -> Iterator[tuple[Server, int]]:
    """The stand-in platform and its port."""
    script = Path(__file__).with_name("stand_in.py")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
        process.kill()


@pytest.fixture
def session(tmp_path: Path, server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch) -> Session:
    """A live session of the stand-in, in a workspace of its own."""
    (tmp_path / "codeblue.toml").write_text(
        f'[target]\nname = "Stand-in"\nbase_url = "http://127.0.0.1:{server[1]}"\n'
        "[tenants.riverside]\n"
        'roles = { clinician = "env:STAND_IN_TOKEN" }\n'
        "[objectives.ping]\navailability = 99.0\n"
        'p99 = "500ms"\n'
    )
    run = RunDirectory.create(tmp_path, "test")
    Journal(run).event("seeded", tenant="riverside", patients=["p1", "p2", "p3"])
    stored = run.path / "session.json"
    SessionFile(str(tmp_path), str(run.path), "pilot", 7, os.getpid(), "").write(stored)
    monkeypatch.setenv("CODEBLUE_SESSION", str(stored))
    monkeypatch.setenv("STAND_IN_TOKEN", "secret")
    return attach()


@pytest.fixture
def journey(session: Session) -> Callable[[str, str], None]:
    """Writes a journey of one statement into the workspace."""

    def write(name: str, act: str = 'self.client.get("/ping")') -> None:
        folder = session.workspace / "scenarios" / "journeys"
        folder.mkdir(parents=True, exist_ok=True)
        source = JOURNEY.format(name=name.title().replace("-", ""), act=act)
        (folder / f"{name.replace('-', '_')}.py").write_text(source)

    return write


def freeze(server: Server, seconds: float) -> float:
    """Stop ``server`` for that long; how long it was in truth."""
    server.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    time.sleep(seconds)
    server.send_signal(signal.SIGCONT)
    return time.monotonic() - began


@contextmanager
def loading(plan: LoadPlan) -> Iterator[Server]:
    """A process of its own that has started the load ``plan``, and does nothing more."""
    script = (
        "import time\n"
        "from codeblue.load import LoadPlan, start_load\n"
        "from codeblue.session import attach\n"
        f"start_load(attach(), LoadPlan.model_validate_json('''{plan.model_dump_json()}'''))\n"
        "print('started', flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        yield parent


def generators(pid: int) -> list[psutil.Process]:
    """The Locust processes below the process ``pid``."""
    return [
        child
        for child in psutil.Process(pid).children(recursive=True)
        if "locust" in child.cmdline()
    ]
