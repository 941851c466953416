from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from codeblue.journal import Journal, RunDirectory
from codeblue.session import Session
from codeblue.session.session import resume
from codeblue.session_file import SessionFile

PATIENTS = ["p1", "p2", "p3"]
TOKEN = "sample-token-that-must-not-leak"
CONFIGURATION = """
[target]
name = "sample"
base_url = "{url}"
openapi = "/openapi.json"
fhir = "/fhir"

[tenants.riverside.roles]
clinician = "env:SAMPLE_TOKEN"

[tenants.lakeside.roles]
clinician = "env:SAMPLE_TOKEN"
"""


@contextmanager
def sample_api(defects: tuple[str, ...]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("sample_api.py")), str(port), *defects]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(url)
        yield url
    finally:
        process.kill()
        process.wait()


def wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health").is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise TimeoutError(url)


@pytest.fixture(scope="module")
def api() -> Iterator[Callable[..., str]]:
    """Address of a running sample API with the given defects; one server for each set of them."""
    running: dict[tuple[str, ...], str] = {}
    with ExitStack() as stack:

        def start(*defects: str) -> str:
            if defects not in running:
                running[defects] = stack.enter_context(sample_api(defects))
            return running[defects]

        yield start


@pytest.fixture
def session_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Session]:
    """A session, as another process would find it, of the sample API at an address."""
    monkeypatch.setenv("SAMPLE_TOKEN", TOKEN)

    def make(url: str) -> Session:
        (tmp_path / "codeblue.toml").write_text(CONFIGURATION.format(url=url), "utf-8")
        run = RunDirectory.create(tmp_path, "fuzz")
        for tenant in ("riverside", "lakeside"):
            Journal(run).event("seeded", tenant=tenant, patients=PATIENTS)
        stored = SessionFile(str(tmp_path), str(run.path), "", 7, os.getpid(), "")
        stored.write(run.path / "session.json")
        return resume(stored)

    return make
