"""Shared bandwidth: one slow line for all connections together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from codeblue.proxy.toxics.stage import LONGEST_PAUSE, Interrupted, Pipe, Stage

PIECE_MS = 20
"""Milliseconds of the line that one connection takes before the next one has its turn."""

GRAIN = 0.001
"""Seconds. Who would wait for less passes at once; the line is taken all the same."""


@dataclass
class Line:
    """What the connections share: the monotonic time at which all that was booked has passed."""

    free_at: float = 0.0

    def book(self, seconds: float) -> float:
        """Take the line for so long, after everybody before; seconds from now until it is done."""
        now = monotonic()
        self.free_at = max(self.free_at, now) + seconds
        return self.free_at - now


class SharedBandwidth(Stage):
    """Passes `rate` KB/s (1 KB = 1000 bytes) on all links together; 0 or less stalls.

    Connections take turns of 20 ms. Changed or removed, what waits goes out at once.
    """

    kind = "shared_bandwidth"
    units: ClassVar[Mapping[str, str]] = {"rate": "KB/s"}

    @classmethod
    def share(cls) -> Line:
        """The line."""
        return Line()

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Cut the chunk into pieces of 20 ms and let each wait for its turn."""
        rest = memoryview(chunk)
        try:
            while (rate := self.values["rate"]) <= 0:
                yield LONGEST_PAUSE
            while rest:
                piece = rest[: rate * PIECE_MS]
                wait = self.shared.book(len(piece) / (rate * 1000))
                yield wait if wait >= GRAIN else 0.0
                self.output.data(bytes(piece), at)
                rest = rest[len(piece) :]
        except Interrupted:
            self.shared.free_at = 0.0
            self.output.data(bytes(rest), at)
