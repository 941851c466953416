"""A real proxy process, a real echo server, and sockets."""

from __future__ import annotations

import json
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import httpx
import pytest

GUARD = 10.0


@dataclass
class Server:
    """A running proxy process."""

    process: subprocess.Popen[str]
    port: int
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=GUARD)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def create(self, name: str, upstream: str) -> int:
        """Create a proxy; returns the port it listens on."""
        body = {"name": name, "listen": "127.0.0.1:0", "upstream": upstream}
        reply = self.client.post("/proxies", json=body)
        assert reply.status_code == 201, reply.text
        return int(reply.json()["listen"].rpartition(":")[2])

    def toxic(self, proxy: str, kind: str, stream: str = "downstream", **attributes: object) -> str:
        """Add a toxic of toxicity 1; returns its name."""
        body = {"type": kind, "stream": stream, "attributes": attributes}
        reply = self.client.post(f"/proxies/{proxy}/toxics", json=body)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["name"])

    def counters(self, proxy: str) -> dict[str, int]:
        return dict(self.client.get(f"/proxies/{proxy}/counters").json())

    def kill(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait(GUARD)

    def stop(self) -> int:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(GUARD)


def start(*arguments: str) -> Server:
    command = [sys.executable, "-m", "codeblue.proxy", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    return Server(process, int(line["listening"].rpartition(":")[2]))


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    server = start()
    yield server
    server.stop()


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The module's proxy process, without proxies and leases."""
    yield shared_server
    for owner in shared_server.client.get("/leases").json():
        shared_server.client.delete(f"/leases/{owner}")
    for name in shared_server.client.get("/proxies").json():
        shared_server.client.delete(f"/proxies/{name}")


class Echo:
    """Echoes every byte; answers the end of the stream with the number of bytes read."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(client,), daemon=True).start()

    def _echo(self, client: socket.socket) -> None:
        count = 0
        with closing(client):
            try:
                while data := client.recv(65536):
                    count += len(data)
                    client.sendall(data)
                client.sendall(f"bye {count}".encode())
            except OSError:
                return


@pytest.fixture(scope="session")
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.listener.close()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=GUARD)


def receive(sock: socket.socket, count: int) -> bytes:
    """Exactly so many bytes, or less when the stream ends before."""
    data = b""
    while len(data) < count and (part := sock.recv(count - len(data))):
        data += part
    return data


def silent(sock: socket.socket, seconds: float = 0.3) -> bool:
    """Whether nothing arrives for so long, neither bytes nor an end."""
    return not select.select([sock], [], [], seconds)[0]


def abort(sock: socket.socket) -> None:
    """Close with a TCP RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
