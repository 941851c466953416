"""Latency: each chunk leaves later than it came."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import ClassVar

from codeblue.proxy.toxics.stage import Interrupted, Pipe, Stage


class Latency(Stage):
    """Delays by `latency` +- `jitter` ms, counted from the arrival of each chunk.

    Chunks written close together wait together, as on a long line. Connecting and closing are
    not delayed.
    """

    kind = "latency"
    units: ClassVar[Mapping[str, str]] = {"latency": "ms", "jitter": "ms"}
    capacity = 32 * 1024 * 1024

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Wait for what is left of this chunk's delay."""
        wait = self._delay() - (monotonic() - at)
        try:
            yield wait
        except Interrupted:
            wait = 0.0
        self.output.data(chunk, at + wait)

    def _delay(self) -> float:
        milliseconds, jitter = self.values["latency"], self.values["jitter"]
        if jitter > 0:
            milliseconds += self.random.randrange(2 * jitter) - jitter
        return milliseconds / 1000
