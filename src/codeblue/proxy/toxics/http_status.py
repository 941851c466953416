"""HTTP status: the line answers in the place of the server."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from random import Random
from typing import ClassVar

import httptools

from codeblue.proxy.toxics.stage import Stage, Wire

LOWEST, HIGHEST = 200, 599
UNSENDABLE = HTTPStatus.SERVICE_UNAVAILABLE
"""What is answered when `status` is no final status."""

WITHOUT_LENGTH = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
LONGEST_HEAD = 1 << 20
"""Bytes. A head without an end must not fill the memory."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpStatus(Stage):
    """Answers each HTTP/1.1 request with `status` and no body; the upstream sees none of them.

    What is no HTTP/1 closes the connection. So does removal in the middle of a request, because
    its first half is gone; between requests the connection goes on with the real server.
    """

    kind = "http_status"
    stream = "upstream"
    units: ClassVar[Mapping[str, str]] = {"status": "HTTP status"}
    limits: ClassVar[Mapping[str, tuple[int, int]]] = {"status": (LOWEST, HIGHEST)}

    def __init__(self, values: Mapping[str, int], wire: Wire, random: Random) -> None:
        super().__init__(values, wire, random)
        self._parser = httptools.HttpRequestParser(self)
        self._begun = False
        self._in_head = True
        self._size = 0

    def data(self, chunk: bytes, at: float) -> None:  # noqa: ARG002 - nothing is passed on
        """Read requests instead of passing them on."""
        while chunk and not self.ended:
            chunk = self._read(chunk)

    def removed(self) -> None:
        """Close what has lost the first half of a request."""
        if self._begun and not self.ended:
            self.end()

    def _read(self, chunk: bytes) -> bytes:
        """Take requests; returns what is left behind one that wanted another protocol."""
        self._size += len(chunk)
        try:
            self._parser.feed_data(chunk)
        except httptools.HttpParserUpgrade as upgrade:  # refused by the answer: HTTP/1.1 goes on
            self._parser = httptools.HttpRequestParser(self)
            return chunk[upgrade.args[0] :]
        except httptools.HttpParserError:
            self.end()
        if self._in_head and self._size > LONGEST_HEAD:
            self.end()
        return b""

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Note that a request is on its way."""
        self._begun = self._in_head = True
        self._size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Ask for the body of a client that waits to be asked."""
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self.wire.answer(CONTINUE)

    def on_headers_complete(self) -> None:
        """Note that only the body is missing."""
        self._in_head = False

    def on_message_complete(self) -> None:
        """Answer the request."""
        self._begun = False
        self.wire.answer(self._answer())

    def _answer(self) -> bytes:
        status = self.values["status"]
        if not LOWEST <= status <= HIGHEST:
            status = UNSENDABLE
        length = b"" if status in WITHOUT_LENGTH else b"Content-Length: 0\r\n"
        line = f"HTTP/1.1 {int(status)} {_phrase(status)}\r\n".encode()
        closing = b"" if self._parser.should_keep_alive() else b"Connection: close\r\n"
        return line + length + closing + b"\r\n"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Injected"
