"""Latency: the dependency answers late."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault


@dataclass(frozen=True)
class Latency(ToxicFault):
    """Every answer over the edge comes `ms` +- `jitter` milliseconds later."""

    ms: int
    jitter: int = 0

    type = "latency"

    def poisons(self) -> tuple[Poison, ...]:
        """Latency on the way back."""
        attributes = {"latency": self.ms, "jitter": self.jitter}
        return (Poison("latency", "downstream", attributes),)
