"""An edge with an HTTP server behind it that counts its requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from .conftest import Edge

BODY = b'{"patients": 12}'


class Web(ThreadingHTTPServer):
    """Answers every GET with the same 16 bytes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Web

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def web_behind(edge: Edge) -> Iterator[tuple[Web, httpx.Client]]:
    """Put an HTTP server behind the edge; the client goes through it."""
    web = Web()
    threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    upstream = f"127.0.0.1:{web.server_port}"
    edge.server.client.post("/proxies/dependency", json={"upstream": upstream})
    with httpx.Client(base_url=f"http://127.0.0.1:{edge.port}", trust_env=False) as client:
        yield web, client
    web.shutdown()
    web.server_close()
