from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from codeblue.errors import TargetError
from codeblue.journal import RunDirectory, read_events
from codeblue.session import restart_if_broken, started

pytestmark = pytest.mark.slow

WorkspaceFactory = Callable[..., Path]

# Breaks when it is told to, and works again, or not, after SIGHUP.
_PLATFORM = """
import signal, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    broken, hopeless = False, False
    def do_GET(self):
        Handler.broken |= self.path.startswith("/break")
        Handler.hopeless |= self.path == "/break-for-good"
        self.send_response(500 if Handler.broken and self.path == "/works" else 200)
        self.end_headers()
    def log_message(self, *args):
        pass

def restart(number, frame):
    Handler.broken = Handler.hopeless

signal.signal(signal.SIGHUP, restart)
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""
_TOML = """
[target]
name = "A small platform"
base_url = "http://127.0.0.1:{port.web}"

[target.start]
command = ["{python}", "small_platform.py", "{profile}", "{port.web}"]
ready = "/ready"
timeout = "2s"
alive = ["/works"]
restart = "SIGHUP"
"""


def small_platform(make_workspace: WorkspaceFactory, scenario: str = "") -> Path:
    root = make_workspace(scenario, toml=_TOML)
    (root / "small_platform.py").write_text(_PLATFORM)
    return root


@pytest.fixture
def workspace(make_workspace: WorkspaceFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("codeblue.session.restart.PATIENCE", 0.5)
    return small_platform(make_workspace)


def test_a_platform_that_works_is_left_alone(workspace: Path) -> None:
    run = RunDirectory.create(workspace, "pilot")
    with started(workspace, run, "pilot", seed=1) as session:
        assert restart_if_broken(session) is None


def test_a_platform_that_stays_broken_is_restarted(workspace: Path) -> None:
    run = RunDirectory.create(workspace, "pilot")
    with started(workspace, run, "pilot", seed=1) as session:
        httpx.get(session.base_url + "/break")
        assert restart_if_broken(session) == "/works"
        assert restart_if_broken(session) is None
        httpx.get(session.base_url + "/break-for-good")
        with pytest.raises(TargetError, match="fails even after a restart"):
            restart_if_broken(session)


_SCENARIO = """
import httpx
import pytest

@pytest.mark.check(id="breaks", title="It breaks the platform", risk="load", examines=[])
def test_breaks(check, platform):
    with check.control():
        httpx.get(platform.base_url + "/break")
    check.judge(broke=False, measured="1", threshold="1")

@pytest.mark.check(id="next", title="The next one", risk="load", examines=[])
def test_next(check, platform):
    with check.control():
        assert httpx.get(platform.base_url + "/works").is_success
    check.judge(broke=False, measured="1", threshold="1")
"""


def test_the_next_check_finds_a_platform_that_works_and_the_journal_says_why(
    make_workspace: WorkspaceFactory,
) -> None:
    root = small_platform(make_workspace, _SCENARIO)
    command = [sys.executable, "-P", "-m", "pytest", "scenarios"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("CODEBLUE_")}
    done = subprocess.run(command, cwd=root, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    [run] = (root / ".codeblue" / "runs").iterdir()
    warnings = [event["text"] for event in read_events(run) if event["kind"] == "warning"]
    assert any("After breaks, /works did not work again by itself" in text for text in warnings)
