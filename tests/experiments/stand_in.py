"""A platform that is not ours: a desk that asks a store, in one process, with the standard library.

    python stand_in.py PROFILE PORT STORE_PORT STORE_ADDRESS

The store listens on STORE_PORT, and the desk looks for it at STORE_ADDRESS, where a fault proxy
fits. Under ``careful`` the desk waits a second and a half for the store, under ``trusting`` for
ever.
"""

from __future__ import annotations

import json
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

PATIENCE = {"careful": 1.5, "trusting": None}
NUMBERS = count()
CALLS = ThreadPoolExecutor(max_workers=500)
ASKER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Speaking(BaseHTTPRequestHandler):
    """Answers in JSON."""

    protocol_version = "HTTP/1.1"

    def heard(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Store(Speaking):
    """Has every chart, and takes every order."""

    def do_GET(self) -> None:
        self.answer(200, {"path": self.path, "note": "Well. " * 20})

    def do_POST(self) -> None:
        self.heard()
        self.answer(201, {"id": str(next(NUMBERS))})


class Desk(Speaking):
    """Knows patients by itself; asks the store for everything else."""

    def do_GET(self) -> None:
        if self.path.startswith("/v1/patients/"):
            self.answer(*asked("GET", self.path))
        else:
            self.answer(200 if self.path == "/ready" else 404, {})

    def do_POST(self) -> None:
        body = self.heard()
        if self.path == "/fhir":
            self.answer(200, seeded(json.loads(body)))
        else:
            self.answer(*asked("POST", self.path, body))


def seeded(bundle: dict[str, list[dict[str, dict[str, str]]]]) -> dict[str, object]:
    """The response to a FHIR transaction; nothing of it is kept."""
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    made = [{"response": {"status": "201", "location": f"{k}/{next(NUMBERS)}"}} for k in kinds]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": made}


def asked(method: str, path: str, body: bytes | None = None) -> tuple[int, object]:
    """Status and content of the store's answer; 504 when it has none in time, 502 without it."""
    request = urllib.request.Request(f"http://{STORE}{path}", body, method=method)
    try:
        return CALLS.submit(called, request).result(PATIENCE[PROFILE])
    except TimeoutError:
        return 504, {}
    except (OSError, ValueError):
        return 502, {}


def called(request: urllib.request.Request) -> tuple[int, object]:
    with ASKER.open(request) as reply:
        return reply.status, json.load(reply)


class Server(ThreadingHTTPServer):
    """Takes many at once."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Who does not wait for an answer is what it is there for."""


if __name__ == "__main__":
    PROFILE, PORT, STORE_PORT, STORE = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    store = Server(("127.0.0.1", STORE_PORT), Store)
    threading.Thread(target=store.serve_forever, daemon=True).start()
    Server(("127.0.0.1", PORT), Desk).serve_forever()
