"""The servers that the conformance tests speak to: ours, ours with `--strict`, and a real one."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable

import httpx
import pytest

from codeblue.session.fault_proxy import INSTALL, installed_toxiproxy

from .conftest import GUARD, Server, start


def start_real() -> Server:
    """A real Toxiproxy with its metrics; the test is skipped where there is none."""
    path = installed_toxiproxy()
    if path is None:
        pytest.skip(f"no toxiproxy-server here. {INSTALL}")
    port = free_port()
    command = [path, "-host", "127.0.0.1", "-port", str(port), "-proxy-metrics", "-runtime-metrics"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )
    server = Server(process, port)
    deadline = time.monotonic() + GUARD
    while not answers(server):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return server


def answers(server: Server) -> bool:
    try:
        return server.client.get("/version").is_success
    except httpx.HTTPError:
        return False


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def clear(server: Server) -> None:
    """Remove all proxies."""
    for name in server.client.get("/proxies").json():
        assert server.client.delete(f"/proxies/{name}").status_code == 204


STARTS: dict[str, Callable[[], Server]] = {
    "embedded": start,
    "strict": lambda: start("--strict"),
    "real": start_real,
}
