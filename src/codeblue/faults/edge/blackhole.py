"""Blackhole: what is sent one way never arrives; the other way works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault

STREAMS = {"there": "upstream", "back": "downstream"}


@dataclass(frozen=True)
class Blackhole(ToxicFault):
    """A one-way partition: bytes on the way there, or back, vanish; nothing is closed.

    Healed, the connections that were open go on with a gap in their bytes.
    """

    way: Literal["there", "back"] = "back"

    type = "blackhole"

    def poisons(self) -> tuple[Poison, ...]:
        """A blackhole in that direction."""
        return (Poison("blackhole", STREAMS[self.way], {}),)
