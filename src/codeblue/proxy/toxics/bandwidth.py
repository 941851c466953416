"""Bandwidth: a slow line."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import ClassVar

from codeblue.proxy.toxics.stage import LONGEST_PAUSE, Interrupted, Pipe, Stage

SLICE_MS = 100
"""Milliseconds between the pieces of a chunk that takes longer than this."""

GRAIN = 0.001
"""Seconds. Shorter waits add up as debt, so that the rate holds over many small chunks."""


class Bandwidth(Stage):
    """Passes `rate` KB/s (1 KB = 1000 bytes) on each link; 0 or less stalls without loss.

    A chunk waits as long as the line takes for it; what the timers were late or early is carried
    over to the next one. Changed or removed while it waits, the chunk goes out whole.
    """

    kind = "bandwidth"
    units: ClassVar[Mapping[str, str]] = {"rate": "KB/s"}
    _debt = 0.0

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Cut the chunk into pieces of 100 ms and let each wait its share."""
        rest = memoryview(chunk)
        try:
            while (rate := self.values["rate"]) <= 0:
                yield LONGEST_PAUSE
            self._debt += len(chunk) / (rate * 1000)
            while len(rest) > rate * SLICE_MS:
                yield from self._sleep(SLICE_MS / 1000)
                self.output.data(bytes(rest[: rate * SLICE_MS]), at)
                rest = rest[rate * SLICE_MS :]
            if self._debt >= GRAIN:
                yield from self._sleep(self._debt)
        except Interrupted:
            self._debt = 0.0
        self.output.data(bytes(rest), at)

    def _sleep(self, seconds: float) -> Pipe:
        start = monotonic()
        yield seconds
        self._debt -= monotonic() - start
