"""Bandwidth: a slow line."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import ClassVar

from codeblue.proxy.toxics.stage import Interrupted, Pipe, Stage

SLICE = 0.1
"""Seconds between the pieces of a chunk that takes longer than this."""

GRAIN = 0.001
"""Seconds. Shorter waits add up as debt, so that the rate holds over many small chunks."""


class Bandwidth(Stage):
    """Passes `rate` KB/s (1 KB = 1000 bytes) on each connection; 0 or less stalls without loss."""

    kind = "bandwidth"
    units: ClassVar[Mapping[str, str]] = {"rate": "KB/s"}
    _debt = 0.0

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Cut the chunk into pieces of 100 ms and let each wait its share."""
        rest = memoryview(chunk)
        try:
            while self.values["rate"] <= 0:
                yield SLICE
            piece = self.values["rate"] * 100
            self._debt += len(chunk) / (self.values["rate"] * 1000)
            while len(rest) > piece:
                yield from self._sleep(SLICE)
                self.output.data(bytes(rest[:piece]), at)
                rest = rest[piece:]
            if self._debt >= GRAIN:
                yield from self._sleep(self._debt)
        except Interrupted:
            self._debt = 0.0
        self.output.data(bytes(rest), at)

    def _sleep(self, seconds: float) -> Pipe:
        start = monotonic()
        yield seconds
        self._debt -= monotonic() - start
