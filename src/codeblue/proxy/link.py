"""One direction of one connection: source socket, chain of toxics, destination socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol

from codeblue.proxy.toxics import Stage
from codeblue.proxy.toxics.stage import Receiver

PENDING_LIMIT = 64 * 1024
"""Bytes kept from a client whose upstream has not answered the call yet."""


class Ends(Protocol):
    """What a link asks of the connection it belongs to."""

    def settle(self) -> None:
        """Reconsider whether the connection is over, because this link has delivered its end."""

    def reset(self) -> None:
        """End the connection at once with a TCP RST on both sides."""


class Link:
    """Passes chunks from `source` through the stages to `destination`, and the end after them.

    `passed` is told the number of bytes that were handed to the destination.
    """

    def __init__(self, ends: Ends, passed: Callable[[int], None]) -> None:
        self.source: asyncio.Transport | None = None
        self.destination: asyncio.Transport | None = None
        self.stages: dict[str, Stage] = {}
        self.closing = False
        self.source_lost = False
        self.delivered = False
        """True when the end of the stream has reached the destination."""
        self._ends = ends
        self._passed = passed
        self._head: Receiver = self
        self._pending: list[bytes] = []
        self._ended = False
        self._paused = False
        self._choked = False

    def receive(self, chunk: bytes) -> None:
        """Take bytes from the source."""
        if self.destination is None:
            self._pending.append(chunk)
            self.throttle()
        elif self.stages:
            self._head.data(chunk, monotonic())
        else:
            self.data(chunk, 0.0)

    def finish(self) -> None:
        """Take the end of the stream from the source."""
        if not self._ended:
            self._ended = True
            if self.destination is not None:
                self._head.eof()

    def connect(self, destination: asyncio.Transport) -> None:
        """Begin to deliver, first of all what came before there was a destination."""
        self.destination = destination
        pending, self._pending = self._pending, []
        for chunk in pending:
            self.receive(chunk)
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

    def cancel(self) -> None:
        """Drop everything: the connection is gone."""
        self.delivered = True
        self._pending.clear()
        for stage in self.stages.values():
            stage.cancel()

    def _overfull(self) -> bool:
        if self._pending:
            return sum(map(len, self._pending)) > PENDING_LIMIT
        return any(stage.backlog > stage.capacity for stage in self.stages.values())
