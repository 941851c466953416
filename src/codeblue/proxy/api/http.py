"""HTTP/1.1 for the API: one protocol object per client connection, requests answered in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import httptools

from codeblue.proxy.api.call import Request
from codeblue.proxy.api.deadline import Deadline
from codeblue.proxy.api.replies import Reply, bare_reply

TOO_SLOW = b"<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

LOG = logging.getLogger("codeblue.proxy")

Answer = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True)
class Limits:
    """Toxiproxy's times in seconds, and what bounds the memory that clients can take."""

    read: float = 15.0
    """For one request, from its first byte (on a new connection: from its start) to its last."""
    write: float = 30.0
    """For one reply, until its last byte has left."""
    idle: float = 60.0
    """Between two requests of a connection."""
    handler: float = 25.0
    head: int = 1 << 20
    """Bytes of request line and headers."""
    body: int = 1 << 20
    waiting: int = 16
    """Requests of one connection that are read before the first of them is answered."""
    clients: int = 256


class ApiProtocol(asyncio.Protocol):
    """Reads requests with httptools, and writes what `answer` replies.

    `clients` holds the protocols of all open connections; each adds and removes itself.
    """

    def __init__(
        self, answer: Answer, clients: set[ApiProtocol], limits: Limits | None = None
    ) -> None:
        self._answer = answer
        self._clients = clients
        self._limits = limits or Limits()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request | Reply, bool]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._deaf = False
        """True when nothing more is read: the client ended, or what it sent is no HTTP."""
        self._reading = False
        self._read_deadline = Deadline(self.close)
        self._write_deadline = Deadline(self._abort)
        self._writable = asyncio.Event()
        self._writable.set()
        self._begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the client; one too many is told so and let go."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        if len(self._clients) >= self._limits.clients:
            self._refuse(bare_reply(503))
            return
        self._clients.add(self)
        self._read_deadline.set(self._limits.read)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - every end is an end
        """Forget the client; what it has asked for is still carried out."""
        self._clients.discard(self)
        self._transport = None
        self._read_deadline.clear()
        self._write_deadline.clear()
        self._writable.set()

    def eof_received(self) -> bool:
        """Note that no request follows; those that came are answered first."""
        self._deaf = True
        return self._worker is not None

    def pause_writing(self) -> None:
        """Give the client its time to read a reply."""
        self._writable.clear()
        self._write_deadline.set(self._limits.write)

    def resume_writing(self) -> None:
        """Go on: the client has read the reply."""
        self._write_deadline.clear()
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Parse what came; a request that is no HTTP is answered with 400."""
        if self._deaf:
            return
        self._begin_reading()
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # not taken up: plain HTTP goes on
            self._parser = httptools.HttpRequestParser(self)
            self.data_received(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(bare_reply(400))
        if self._reading_head and self._size > self._limits.head:
            self._refuse(bare_reply(431))

    def close(self) -> None:
        """Close the connection, after what was written has gone out."""
        self._deaf = True
        if self._transport is not None:
            self._transport.close()

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._begin()
        self._begin_reading()

    def on_url(self, url: bytes) -> None:
        """Take a part of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what the routes look at."""
        lowered = name.lower()
        if lowered == b"user-agent":
            self._user_agent = value.decode("latin-1")
        elif lowered == b"expect" and value.lower() == b"100-continue":
            self._write(CONTINUE)

    def on_headers_complete(self) -> None:
        """Note that only the body is missing."""
        self._reading_head = False

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if len(self._body) + len(body) > self._limits.body:
            self._refuse(bare_reply(413))
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """Queue the request; requests of one connection are answered one after the other."""
        if self._deaf:
            return
        method = self._parser.get_method().decode("latin-1")
        request = Request(
            method, self._target.decode("latin-1"), self._user_agent, bytes(self._body)
        )
        self._reading = False
        self._read_deadline.clear()
        self._queue(request, keep_alive=self._parser.should_keep_alive())
        self._begin()

    def _begin(self) -> None:
        self._target = b""
        self._user_agent = ""
        self._body = bytearray()
        self._size = 0
        self._reading_head = True

    def _begin_reading(self) -> None:
        if not self._reading:
            self._reading = True
            self._read_deadline.set(self._limits.read)

    def _refuse(self, reply: Reply) -> None:
        """Answer with `reply` after everything that was asked before, then close."""
        if not self._deaf:
            self._deaf = True
            self._read_deadline.clear()
            self._queue(reply, keep_alive=False)

    def _queue(self, what: Request | Reply, *, keep_alive: bool) -> None:
        self._waiting.append((what, keep_alive))
        if len(self._waiting) > self._limits.waiting and self._transport is not None:
            self._transport.pause_reading()
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        keep_alive = True
        while self._waiting and keep_alive:
            what, keep_alive = self._waiting.popleft()
            await self._writable.wait()
            if isinstance(what, Request):
                reply = await self._bounded(what)
                self._write(reply.encode(close=not keep_alive, head=what.method == "HEAD"))
            else:
                self._write(what.encode(close=True, head=False))
            await asyncio.sleep(0)  # a flood of requests waits for the data path, not it for them
        self._waiting.clear()
        self._worker = None
        if self._deaf or not keep_alive:
            self.close()
        else:
            self._await_more()

    def _await_more(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            if not self._reading:
                self._read_deadline.set(self._limits.idle)

    async def _bounded(self, request: Request) -> Reply:
        try:
            async with asyncio.timeout(self._limits.handler):
                return await self._answer(request)
        except TimeoutError:
            return Reply(503, TOO_SLOW, (("Content-Type", "text/html; charset=utf-8"),))
        except Exception:
            LOG.exception("%s %s failed", request.method, request.target)
            return bare_reply(500)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
