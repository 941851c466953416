"""Slow body: the head of an answer comes at once, its body drips."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault


@dataclass(frozen=True)
class SlowBody(ToxicFault):
    """Bodies of HTTP/1.1 answers come `size` bytes at a time, each `ms` milliseconds later."""

    size: int = 1
    ms: int = 100

    type = "slow-body"

    def poisons(self) -> tuple[Poison, ...]:
        """A slow body on the way back."""
        return (Poison("slow_body", "downstream", {"delay": self.ms, "size": self.size}),)

    def wrong(self) -> str | None:
        """Pieces of no bytes would never make a body."""
        return "size is 0. Give the bytes of a piece, 1 or more" if self.size < 1 else None
