"""What passes over an edge is counted by the proxy, and by no other."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from codeblue.checks.passage import Passage, passed
from codeblue.errors import CodeblueError, UsageError

from ..proxy.conftest import Echo, Server, connect, echo, receive, server, shared_server

__all__ = ["echo", "server", "shared_server"]


def test_what_passes_is_counted(server: Server, echo: Echo) -> None:
    port = server.create("dependency", echo.address)
    before = passed(server.url, "dependency")
    with connect(port) as sock:
        sock.sendall(b"twelve bytes")
        assert receive(sock, 12) == b"twelve bytes"
        assert passed(server.url, "dependency") - before == Passage(1, 12, 12)


def test_an_unknown_edge_is_named(server: Server) -> None:
    with pytest.raises(UsageError, match="edge nowhere"):
        passed(server.url, "nowhere")


class Toxiproxy(BaseHTTPRequestHandler):
    """One that knows the edge, and has no counters."""

    def do_GET(self) -> None:
        known = self.path == "/proxies"
        body = b'{"dependency": {"name": "dependency"}}' if known else b""
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def toxiproxy() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Toxiproxy) as served:
        Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def test_a_proxy_without_counters_is_told_apart(toxiproxy: str) -> None:
    with pytest.raises(CodeblueError, match="does not count"):
        passed(toxiproxy, "dependency")
