"""Corrupt: bytes arrive changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codeblue.faults.edge.blackhole import STREAMS
from codeblue.faults.edge.toxic_fault import Poison, ToxicFault

MILLION = 1_000_000


@dataclass(frozen=True)
class Corrupt(ToxicFault):
    """Of a million bytes on the way there, or back, `rate` are replaced by others."""

    rate: int
    way: Literal["there", "back"] = "back"

    type = "corrupt"

    def poisons(self) -> tuple[Poison, ...]:
        """Corruption in that direction."""
        return (Poison("corrupt", STREAMS[self.way], {"rate": self.rate}),)

    def wrong(self) -> str | None:
        """More than every byte cannot be changed."""
        if not 0 < self.rate <= MILLION:
            return f"rate is {self.rate}. Give 1 to {MILLION}, the bytes changed per million"
        return None
