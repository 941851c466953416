"""Drip: answers arrive a few bytes at a time."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault


@dataclass(frozen=True)
class Drip(ToxicFault):
    """Answers, heads and all, come in pieces of `size` bytes, `ms` milliseconds apart."""

    size: int = 1
    ms: int = 100

    type = "drip"

    def poisons(self) -> tuple[Poison, ...]:
        """A slicer on the way back; its delay is in microseconds."""
        attributes = {"average_size": self.size, "size_variation": 0, "delay": self.ms * 1000}
        return (Poison("slicer", "downstream", attributes),)

    def wrong(self) -> str | None:
        """Pieces of no bytes would kill a real Toxiproxy."""
        return "size is 0. Give the bytes of a piece, 1 or more" if self.size < 1 else None
