"""Slow body: the head of a message comes at once, its body drips."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import ClassVar

import httptools

from codeblue.proxy.toxics.stage import Interrupted, Pipe, Stage, Wire

Parser = httptools.HttpResponseParser | httptools.HttpRequestParser

ANSWER, REQUEST = re.compile(rb"HTTP/1"), re.compile(rb"[A-Z]{3,} \S")


class SlowBody(Stage):
    """Heads of HTTP/1.1 messages pass; bodies pass `size` bytes at a time, `delay` ms each.

    Not a byte is changed. What is no HTTP/1 drips as if it were a body; sizes below 1 work as 1.
    On the downstream the messages are answers, on the upstream requests.
    """

    kind = "slow_body"
    units: ClassVar[Mapping[str, str]] = {"delay": "ms", "size": "bytes"}
    limits: ClassVar[Mapping[str, tuple[int, int]]] = {"size": (1, 2**63 - 1)}

    def __init__(self, values: Mapping[str, int], wire: Wire, random: Random) -> None:
        super().__init__(values, wire, random)
        self._parser: Parser | None = None
        self._in_body = False

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Pass heads line by line, and bodies bit by bit."""
        sent = 0
        if self._parser is None:
            self._recognise(chunk)
        try:
            while sent < len(chunk):
                if self._in_body:
                    yield self.values["delay"] / 1000
                end = self._next_end(chunk, sent)
                piece, sent = chunk[sent:end], end
                self._read(piece)
                self.output.data(piece, at)
        except Interrupted:
            self._read(chunk[sent:])
            self.output.data(chunk[sent:], at)

    # Called by the parser.

    def on_headers_complete(self) -> None:
        """Note that the body begins."""
        self._in_body = True

    def on_message_complete(self) -> None:
        """Note that the next head begins."""
        self._in_body = False

    def _next_end(self, chunk: bytes, start: int) -> int:
        if self._in_body:
            return min(start + max(1, self.values["size"]), len(chunk))
        return chunk.find(b"\n", start) + 1 or len(chunk)

    def _read(self, piece: bytes) -> None:
        """Follow the messages; bytes that make no sense are a body until a head begins a chunk."""
        try:
            if self._parser is not None:
                self._parser.feed_data(piece)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._parser, self._in_body = None, True

    def _recognise(self, chunk: bytes) -> None:
        """Begin to follow where a message begins, also in the middle of a connection's life."""
        if ANSWER.match(chunk):
            self._parser = httptools.HttpResponseParser(self)
        elif REQUEST.match(chunk):
            self._parser = httptools.HttpRequestParser(self)
        self._in_body = self._parser is None
