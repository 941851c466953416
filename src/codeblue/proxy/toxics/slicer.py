"""Slicer: the stream arrives in small pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from codeblue.proxy.toxics.stage import Interrupted, Pipe, Stage


class Slicer(Stage):
    """Cuts chunks into pieces of `average_size` +- `size_variation`, `delay` microseconds apart.

    An average below 1 or a variation above the average is taken as the nearest value that cuts.
    """

    kind = "slicer"
    units: ClassVar[Mapping[str, str]] = {
        "average_size": "bytes",
        "size_variation": "bytes",
        "delay": "us",
    }

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Send piece after piece, and wait after each."""
        sent = 0
        try:
            for size in self._sizes(len(chunk)):
                self.output.data(chunk[sent : sent + size], at)
                sent += size
                yield self.values["delay"] / 1e6
        except Interrupted:
            if sent < len(chunk):
                self.output.data(chunk[sent:], at)

    def _sizes(self, left: int) -> Iterator[int]:
        average = max(1, self.values["average_size"])
        variation = min(max(0, self.values["size_variation"]), average - 1)
        while left > 0:
            size = min(left, average + self.random.randint(-variation, variation))
            left -= size
            yield size
