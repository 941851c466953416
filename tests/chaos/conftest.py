"""A small real platform, and a live session that points to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from codeblue.chaos import held
from codeblue.journal import Journal, RunDirectory
from codeblue.session import Session
from codeblue.session.session import resume
from codeblue.session_file import SessionFile
from codeblue.target.variables import free_port

CONFIGURATION = """
[target]
name = "a small platform"
base_url = "http://127.0.0.1:{port}"

[target.start]
command = ["true"]
environment = {{ TOKEN = "secret" }}

[tenants.riverside]
roles = {{ clinician = "env:TOKEN" }}

[edges.platform-store]
upstream = "127.0.0.1:{port}"
listen = "127.0.0.1:{listen}"
"""


class Handler(BaseHTTPRequestHandler):
    """Answers as the server's ``mode`` says; GET /mode/X sets it to X.

    ok, slow, error, cut and hang are for every path. spared and starved are for a platform whose
    /asking fails: the rest of it is as ever, or waits as well.
    """

    server: SmallPlatform
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.server.seen.append((self.command, self.path, self.rfile.read(length).decode()))
        if self.path.startswith("/mode/"):
            self.server.mode = self.path.removeprefix("/mode/")
        mode = "ok" if self.path.startswith("/mode/") else self.server.mode
        if mode == "hang":
            self.server.released.wait(30)
        asking = self.path.startswith("/asking")
        if mode == "slow" or (mode == "starved" and not asking):
            time.sleep(0.3)
        if mode == "cut":
            self.close_connection = True
            return
        refused = mode in ("error", "hang") or (mode in ("spared", "starved") and asking)
        self.send_response(503 if refused else 200)
        body = b"{}"
        if self.path == "/slots":
            body = json.dumps({"id": f"made-{len(self.server.seen)}"}).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        pass


class SmallPlatform(ThreadingHTTPServer):
    """A platform with one knob."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.mode = "ok"
        self.seen: list[tuple[str, str, str]] = []
        self.released = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not wait for its answer is what these tests are about."""


@pytest.fixture
def platform() -> Iterator[SmallPlatform]:
    server = SmallPlatform()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def open_session(
    folder: Path, port: int, monkeypatch: pytest.MonkeyPatch, *, proxy: str = "", listen: int = 1
) -> Session:
    """A live session in ``folder`` for the platform on ``port``, found by ``attach()``."""
    (folder / "codeblue.toml").write_text(CONFIGURATION.format(port=port, listen=listen))
    run = RunDirectory.create(folder, "small")
    Journal(run).event("seeded", tenant="riverside", patients=[f"p{n}" for n in range(40)])
    stored = SessionFile(str(folder), str(run.path), "small", 1, os.getpid(), proxy)
    stored.write(run.path / "session.json")
    monkeypatch.setenv("CODEBLUE_SESSION", str(run.path / "session.json"))
    return resume(stored)


@pytest.fixture
def session(tmp_path: Path, platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> Session:
    return open_session(tmp_path, platform.server_address[1], monkeypatch)


@pytest.fixture
def sent(platform: SmallPlatform) -> list[tuple[str, str, str]]:
    return platform.seen


@pytest.fixture
def proxy_port() -> int:
    return free_port()


@pytest.fixture
def fault_proxy(proxy_port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A fault proxy in a process of its own."""
    command = [sys.executable, "-m", "codeblue.proxy", "--port", str(proxy_port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def proxied(
    tmp_path: Path,
    platform: SmallPlatform,
    fault_proxy: subprocess.Popen[bytes],
    proxy_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Session]:
    """A session whose one edge goes through the fault proxy."""
    port, listen = platform.server_address[1], free_port()
    url = f"http://127.0.0.1:{proxy_port}"
    open_edge(url, listen, port)
    yield open_session(tmp_path, port, monkeypatch, proxy=url, listen=listen)
    held.heal_all()


def open_edge(url: str, listen: int, upstream: int) -> None:
    edge = {
        "name": "platform-store",
        "listen": f"127.0.0.1:{listen}",
        "upstream": f"127.0.0.1:{upstream}",
    }
    for _ in range(200):
        try:
            httpx.post(f"{url}/proxies", json=edge).raise_for_status()
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the fault proxy does not start")
