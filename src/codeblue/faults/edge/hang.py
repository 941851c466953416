"""Hang: the dependency accepts connections and never answers."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault


@dataclass(frozen=True)
class Hang(ToxicFault):
    """Everything sent over the edge is swallowed in both directions; nothing is closed."""

    type = "hang"

    def poisons(self) -> tuple[Poison, ...]:
        """A timeout that never comes, both ways."""
        return tuple(Poison("timeout", way, {"timeout": 0}) for way in ("upstream", "downstream"))
