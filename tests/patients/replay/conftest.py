"""Receivers of a replay: real servers on real sockets, which behave as they are told."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

CLOSE, SILENCE = "close", "silence"
"""What a receiver can do instead of answering."""

Behaviour = Callable[[int], str]
"""What to do with the n-th message from 0: an MSA-1 code, an HTTP status, CLOSE or SILENCE."""


@dataclass
class Receiver:
    """A server in a thread of its own."""

    behaviour: Behaviour
    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)

    async def mllp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every message of a connection."""
        while frame := await _until(reader, b"\x1c\r"):
            self.messages.append(frame[1:-2])
            what = self.behaviour(len(self.messages) - 1)
            if what == CLOSE:
                break
            if what != SILENCE:
                control_id = frame.split(b"|", 10)[9].decode()
                writer.write(f"\x0bMSH|^~\\&|X\rMSA|{what}|{control_id}\r\x1c\r".encode())
        writer.close()

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every request of a connection; what is created has the number of the request."""
        while head := (await _until(reader, b"\r\n\r\n")).decode():
            method, path, _ = head.split(" ", 2)
            lengths = [row.split(":")[1] for row in head.lower().split("\r\n") if "t-length" in row]
            body = await reader.readexactly(int(lengths[0])) if lengths else b""
            if path.endswith("/metadata"):
                writer.write(b"HTTP/1.1 401 -\r\nContent-Length: 0\r\n\r\n")
                continue
            number = len(self.requests)
            self.requests.append((method, path, json.loads(body)))
            what = self.behaviour(number)
            if what == CLOSE:
                break
            if what != SILENCE:
                location = f"Location: {path}/id-{number}/_history/1\r\n"
                head = f"HTTP/1.1 {what} -\r\n{location}Content-Length: 0\r\n\r\n"
                writer.write(head.encode())
        writer.close()


async def _until(reader: asyncio.StreamReader, end: bytes) -> bytes:
    try:
        return await reader.readuntil(end)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


Start = Callable[[str, Behaviour], Receiver]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a receiver of a protocol, ``mllp`` or ``http``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def begin(protocol: str, behaviour: Behaviour) -> Receiver:
        receiver = Receiver(behaviour)
        opening = asyncio.start_server(getattr(receiver, protocol), "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(opening, loop).result(5)
        receiver.port = server.sockets[0].getsockname()[1]
        return receiver

    yield begin
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def unused_tcp_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
