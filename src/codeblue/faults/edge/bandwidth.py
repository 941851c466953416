"""Bandwidth: the dependency is at the end of a slow line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault

BITS = 8
"""Toxiproxy counts whole kilobytes per second; a kilobyte is 1000 bytes."""


@dataclass(frozen=True)
class Bandwidth(ToxicFault):
    """Answers come at `kbps` kilobits per second, rounded to whole kilobytes per second.

    The rate holds for each connection by itself, or with ``per="edge"`` for all of them together.
    """

    kbps: int
    per: Literal["connection", "edge"] = "connection"

    type = "bandwidth"

    def poisons(self) -> tuple[Poison, ...]:
        """A slow line on the way back."""
        kind = "shared_bandwidth" if self.per == "edge" else "bandwidth"
        return (Poison(kind, "downstream", {"rate": round(self.kbps / BITS)}),)

    def wrong(self) -> str | None:
        """A rate that would round to nothing is another fault."""
        if self.kbps < BITS:
            return f"kbps is {self.kbps}. Give {BITS} or more, or use hang for a line that stands"
        return None
