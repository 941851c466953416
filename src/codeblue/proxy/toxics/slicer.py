"""Slicer: the stream arrives in small pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from codeblue.proxy.toxics.stage import Interrupted, Pipe, Stage


class Slicer(Stage):
    """Cuts chunks into pieces of about `average_size` bytes, `delay` microseconds apart.

    A chunk is cut in two near its middle, give or take `size_variation`, and each half again,
    until a piece is at most the average and the variation together. An average below 1 or a
    variation outside of 0 to the average works as the nearest value within.
    """

    kind = "slicer"
    units: ClassVar[Mapping[str, str]] = {
        "average_size": "bytes",
        "size_variation": "bytes",
        "delay": "us",
    }
    limits: ClassVar[Mapping[str, tuple[int, int]]] = {"average_size": (1, 2**63 - 1)}

    @classmethod
    def check(cls, values: Mapping[str, int]) -> str | None:
        """A sentence about the first value that cannot be meant; None when all can."""
        average, variation = values["average_size"], values["size_variation"]
        if (wrong := super().check(values)) is None and variation > average:
            return f"slicer: size_variation is {variation} bytes. Give 0 to {average}, the average."
        return wrong

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Send piece after piece, and wait after each."""
        sent = 0
        try:
            for end in self._cuts(len(chunk)):
                piece, sent = chunk[sent:end], end
                self.output.data(piece, at)
                yield self.values["delay"] / 1e6
        except Interrupted:
            if sent < len(chunk):
                self.output.data(chunk[sent:], at)

    def _cuts(self, length: int) -> Iterator[int]:
        """Where the pieces end, in order."""
        average = max(1, self.values["average_size"])
        variation = min(max(0, self.values["size_variation"]), average)
        start, ends = 0, [length]
        while ends:
            size = ends[-1] - start
            if size <= average + variation:
                start = ends.pop()
                yield start
            else:
                moved = self.random.randint(-variation, variation) if variation else 0
                middle = min(max(size // 2 + moved, 1), size - 1)
                ends.append(start + middle)
