"""A small workspace with a small real platform, for everything that needs one quickly."""

from __future__ import annotations

import signal
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")

_PLATFORM = """
import json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = json.dumps({"path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

if sys.argv[1] not in ("production", "pilot"):
    sys.exit(print(f'error: profile "{sys.argv[1]}": no such profile.', file=sys.stderr) or 2)
try:
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
except OSError as error:
    sys.exit(print(f"error: port {sys.argv[2]}: {error.strerror}.", file=sys.stderr) or 2)
"""

_TOML = """
[target]
name = "A small platform"
base_url = "http://127.0.0.1:{port.web}"

[target.start]
command = ["{python}", "small_platform.py", "{profile}", "{port.web}"]
ready = "/ready"

[edges.client-gateway]
upstream = "127.0.0.1:{port.web}"
listen = "127.0.0.1:{port.edge}"
"""

_SCENARIO = """
import time
import httpx
import pytest

@pytest.mark.check(id="answers", title="It answers", risk="load", examines=["a_switch"])
def test_answers(check, platform):
    with check.control():
        assert httpx.get(platform.base_url + "/x").is_success
    check.judge(broke=platform.profile == "pilot", measured="1 of 1", threshold="1 of 1")
"""

WorkspaceFactory = Callable[..., Path]


def pytest_configure() -> None:
    """A job in the background ignores SIGINT, and so would all that the tests start and stop."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def make_workspace(tmp_path: Path) -> WorkspaceFactory:
    """Makes a workspace in a folder whose name holds a space."""

    def make(scenario: str = _SCENARIO, toml: str = _TOML) -> Path:
        root = tmp_path / "a workspace"
        (root / "scenarios").mkdir(parents=True)
        (root / "experiments").mkdir()
        (root / "codeblue.toml").write_text(toml)
        (root / "small_platform.py").write_text(_PLATFORM)
        (root / "scenarios" / "test_it.py").write_text(textwrap.dedent(scenario))
        return root

    return make
