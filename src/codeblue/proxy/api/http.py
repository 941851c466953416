"""HTTP/1.1 for the API: one protocol object per client connection, requests answered in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from codeblue.proxy.api.replies import Reply
from codeblue.proxy.api.routes import Request

LONGEST_HEAD = 1 << 20
LONGEST_BODY = 16 << 20
HANDLER_SECONDS = 25.0
TOO_SLOW = b"<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

LOG = logging.getLogger("codeblue.proxy")

Answer = Callable[[Request], Awaitable[Reply]]


class ApiProtocol(asyncio.Protocol):
    """Reads requests with httptools, and writes what `answer` replies."""

    def __init__(self, answer: Answer, clients: set[ApiProtocol]) -> None:
        self._answer = answer
        self._clients = clients
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._refused = False
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the client."""
        self._transport = cast("asyncio.Transport", transport)
        self._clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - every end is an end
        """Forget the client; a request that has begun is still carried out."""
        self._clients.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Parse what came; a request that is no HTTP is answered with 400."""
        if self._refused:
            return
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # not taken up: plain HTTP goes on
            self._parser = httptools.HttpRequestParser(self)
            self.data_received(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(_plain(400, "400 Bad Request"))
        if self._reading_head and self._size > LONGEST_HEAD:
            self._refuse(_plain(431, "431 Request Header Fields Too Large"))

    def close(self) -> None:
        """Close the connection, after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._target = b""
        self._user_agent = ""
        self._body = bytearray()
        self._size = 0
        self._reading_head = True

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
        self._body += body
        if len(self._body) > LONGEST_BODY:
            self._refuse(_plain(413, "413 Request Entity Too Large"))

    def on_message_complete(self) -> None:
        """Queue the request; requests of one connection are answered one after the other."""
        method = self._parser.get_method().decode("latin-1")
        target = self._target.decode("latin-1")
        request = Request(method, target, self._user_agent, bytes(self._body))
        self._waiting.append((request, self._parser.should_keep_alive()))
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._waiting and not self._refused:
            request, keep_alive = self._waiting.popleft()
            reply = await self._bounded(request)
            self._write(reply.encode(close=not keep_alive, head=request.method == "HEAD"))
            if not keep_alive:
                self._refused = True
                self.close()
        self._worker = None

    async def _bounded(self, request: Request) -> Reply:
        try:
            async with asyncio.timeout(HANDLER_SECONDS):
                return await self._answer(request)
        except TimeoutError:
            return Reply(503, TOO_SLOW)
        except Exception:
            LOG.exception("%s %s failed", request.method, request.target)
            return _plain(500, "500 Internal Server Error")

    def _refuse(self, reply: Reply) -> None:
        if not self._refused:
            self._refused = True
            self._write(reply.encode(close=True, head=False))
            self.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def _plain(status: int, text: str) -> Reply:
    headers = (("Content-Type", "text/plain; charset=utf-8"),)
    return Reply(status, text.encode(), headers, matched=False)
