"""Loss: a line that loses packets, as TCP shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from codeblue.proxy.toxics.stage import Interrupted, Pipe, Stage

ALL = 100
"""Percent."""


class Loss(Stage):
    """Each chunk waits `stall` ms more with the probability `percent`; order is kept.

    TCP repeats what is lost, so that the application sees no gap: it sees the stream stand
    still until the retransmission, and everything behind it wait.
    """

    kind = "loss"
    units: ClassVar[Mapping[str, str]] = {"percent": "%", "stall": "ms"}
    limits: ClassVar[Mapping[str, tuple[int, int]]] = {"percent": (0, ALL)}
    capacity = 256 * 1024

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Let the chunk pass, or wait for its retransmission."""
        wait = 0.0
        if self.random.random() * ALL < self.values["percent"]:
            wait = self.values["stall"] / 1000
            try:
                yield wait
            except Interrupted:
                wait = 0.0
        self.output.data(chunk, at + wait)
