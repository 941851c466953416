"""Slow close: the dependency is done and does not hang up."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault


@dataclass(frozen=True)
class SlowClose(ToxicFault):
    """Bytes pass at once; the end of an answer's stream comes `ms` milliseconds later."""

    ms: int

    type = "slow-close"

    def poisons(self) -> tuple[Poison, ...]:
        """A late end on the way back."""
        return (Poison("slow_close", "downstream", {"delay": self.ms}),)
