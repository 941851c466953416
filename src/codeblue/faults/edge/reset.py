"""Reset: connections break with a TCP RST as soon as they are used."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault


@dataclass(frozen=True)
class Reset(ToxicFault):
    """The first bytes of a request reset the connection, after `ms`; they do not arrive."""

    ms: int = 0

    type = "reset"

    def poisons(self) -> tuple[Poison, ...]:
        """A reset on the way there."""
        return (Poison("reset_peer", "upstream", {"timeout": self.ms}),)
