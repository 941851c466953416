"""Who is behind the proxy that is measured: ``KIND`` is ``echo``, ``source`` or ``application``.

Prints its port. An echo answers what it got, a source sends as fast as it can, and the application
is a small HTTP service as a hospital's vendor would write it. Each runs as a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import BaseModel

ROOT = Path(__file__).parents[1]
BLOCK = bytes(256 * 1024)
ORDERS = 150


class Order(BaseModel):
    """What the application answers with, some of them at a time, each one made and checked anew."""

    id: str
    patient: str
    code: str
    quantity: int
    authored: datetime
    status: Literal["active", "completed"]


class Echo(asyncio.Protocol):
    """One connection; what arrives goes back."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self.transport.write(data)


async def echo(listener: socket.socket) -> None:
    """Answer until killed."""
    server = await asyncio.get_running_loop().create_server(Echo, sock=listener)
    await server.serve_forever()


def source(listener: socket.socket) -> None:
    """Send to everybody, until they leave."""
    while True:
        client, _ = listener.accept()
        threading.Thread(target=pour, args=(client,), daemon=True).start()


def pour(client: socket.socket) -> None:
    """Send to one client."""
    with client, contextlib.suppress(OSError):
        while True:
            client.sendall(BLOCK)


def application(listener: socket.socket) -> None:
    """Serve HTTP until killed."""
    service = FastAPI()

    @service.get("/v1/orders")
    async def orders() -> list[Order]:
        return [
            Order(
                id=f"o-{number}",
                patient=f"p-{number % 7}",
                code="CBC",
                quantity=number,
                authored=datetime(2031, 1, 1, number % 24, tzinfo=UTC),
                status="completed" if number % 3 else "active",
            )
            for number in range(ORDERS)
        ]

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    config = uvicorn.Config(service, log_level="error", access_log=False, date_header=False)
    uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def serving(kind: str) -> Iterator[int]:
    """One of them in a process of its own; yields its port."""
    command = [sys.executable, "-m", "benchmarks.proxy_peers", kind]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else 0)
        finally:
            process.kill()


def main(kind: str) -> None:
    """Listen, say where, and serve."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
    print(listener.getsockname()[1], flush=True)
    if kind == "echo":
        uvloop.run(echo(listener))
    elif kind == "source":
        source(listener)
    else:
        application(listener)


if __name__ == "__main__":
    main(sys.argv[1])
