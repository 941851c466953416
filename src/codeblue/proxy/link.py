"""One direction of one connection: source socket, chain of toxics, destination socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol

from codeblue.proxy.toxics import Stage
from codeblue.proxy.toxics.stage import Receiver
from codeblue.proxy.turns import Turns

PENDING_LIMIT = 64 * 1024
"""Bytes kept from a client whose upstream has not answered the call yet, and the least that each
stage with a capacity may hold."""


BULK = 32 * 1024
"""Bytes. Larger chunks are bulk data, which waits for its turn; smaller ones pass at once."""

CHUNK = 32 * 1024
"""Bytes. Toxics see chunks of at most this size, as in Toxiproxy: a jitter, a loss or a slice is
drawn for each of them."""

Count = Callable[[int], None]


class Ends(Protocol):
    """What a link asks of the connection it belongs to."""

    def settle(self) -> None:
        """Reconsider whether the connection is over, because this link has delivered its end."""

    def reset(self) -> None:
        """End the connection at once with a TCP RST on both sides."""

    def answer(self, link: Link, chunk: bytes) -> None:
        """Send bytes back to the source of `link`."""

    def room(self) -> int:
        """How many bytes may wait in one stage, so that all connections fit into memory."""


class Link:
    """Passes chunks from `source` through the stages to `destination`, and the end after them.

    `received` is told the number of bytes that came from the source, `passed` of those that were
    handed to the destination.
    """

    def __init__(self, ends: Ends, turns: Turns, received: Count, passed: Count) -> None:
        self.source: asyncio.Transport | None = None
        self.destination: asyncio.Transport | None = None
        self.stages: dict[str, Stage] = {}
        self.closing = False
        self.source_lost = False
        self.delivered = False
        """True when the end of the stream has reached the destination."""
        self._ends = ends
        self._turns = turns
        self._received = received
        self._passed = passed
        self._head: Receiver = self
        self._pending: list[bytes] = []
        self._held = 0
        self._waits = False
        self._ended = False
        self._paused = False
        self._choked = False

    def receive(self, chunk: bytes) -> None:
        """Take bytes from the source."""
        self._received(len(chunk))
        if len(chunk) >= BULK and self._turns.over() and not self._waits:
            self._waits = True
            self._turns.wait(self)
        self.take(chunk)

    def take(self, chunk: bytes) -> None:
        """Take bytes that shall pass, wherever they come from."""
        if self.destination is None or self._waits:
            self._pending.append(chunk)
            self._held += len(chunk)
            self.throttle()
        elif self.stages:
            now = monotonic()
            for start in range(0, len(chunk), CHUNK):
                self._head.data(chunk[start : start + CHUNK], now)
        else:
            self.data(chunk, 0.0)

    def finish(self) -> None:
        """Take the end of the stream from the source."""
        if not self._ended:
            self._ended = True
            if self.destination is not None and not self._waits:
                self._head.eof()

    def connect(self, destination: asyncio.Transport) -> None:
        """Begin to deliver, first of all what came before there was a destination."""
        self.destination = destination
        if not self._waits:
            self._pass_pending()

    def resume(self) -> None:
        """Go on, after others had their turn."""
        self._waits = False
        if self.destination is not None:
            self._pass_pending()

    def _pass_pending(self) -> None:
        pending, self._pending, self._held = self._pending, [], 0
        for chunk in pending:
            self.take(chunk)
        if self._ended:
            self._head.eof()
        self.throttle()

    def rewire(self, stages: Mapping[str, Stage]) -> None:
        """Put these stages, in this order, into the live link; nothing is dropped or reordered."""
        before, self.stages = self.stages, dict(stages)
        following: Receiver = self
        for stage in reversed(self.stages.values()):
            stage.output = following
            following = stage
        self._head = following
        for name, stage in before.items():
            if name not in self.stages:
                stage.release()
                stage.removed()
        for name, stage in self.stages.items():
            if name not in before:
                stage.started()
        self.throttle()

    def data(self, chunk: bytes, at: float) -> None:  # noqa: ARG002 - a Receiver
        """Write to the destination: the end of the chain."""
        destination = self.destination
        if destination is None or self.delivered or destination.is_closing():
            return
        destination.write(chunk)
        self._passed(len(chunk))

    def eof(self) -> None:
        """Deliver the end of the stream: the end of the chain."""
        if self.delivered:
            return
        self.delivered = True
        if self.destination is not None and not self.destination.is_closing():
            self.destination.write_eof()
        self._ends.settle()

    def choke(self, *, choked: bool) -> None:
        """Note that the destination cannot take more for now, or can again."""
        self._choked = choked
        self.throttle()

    def throttle(self) -> None:
        """Read from the source only while there is room for what it sends."""
        full = self._choked or self._overfull()
        if full is self._paused or self._ended:
            return
        if self.source is None or self.source.is_closing():
            return
        self._paused = full
        if full:
            self.source.pause_reading()
        else:
            self.source.resume_reading()

    def reset(self) -> None:
        """End the connection with a TCP RST."""
        self._ends.reset()

    @property
    def fresh(self) -> bool:
        """Whether the connection is new, so that its source is not open yet."""
        return self.source is None

    def answer(self, chunk: bytes) -> None:
        """Send bytes back to the source, through the toxics of the other direction."""
        self._ends.answer(self, chunk)

    def cancel(self) -> None:
        """Drop everything: the connection is gone."""
        self.delivered = True
        self._pending.clear()
        self._held = 0
        for stage in self.stages.values():
            stage.cancel()

    def _overfull(self) -> bool:
        if self._waits or self._held > PENDING_LIMIT:
            return True
        return any(self._full(stage) for stage in self.stages.values())

    def _full(self, stage: Stage) -> bool:
        if stage.backlog <= PENDING_LIMIT:  # asks no further for the usual few bytes
            return stage.backlog > stage.capacity
        return stage.backlog > min(stage.capacity, self._ends.room())
