"""Refuse: the dependency is not there."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.proxy_api import proxy_of
from codeblue.faults.edge.toxic_fault import ALL, Poison, ToxicFault
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground


@dataclass(frozen=True)
class Refuse(ToxicFault):
    """Connections over the edge are refused, and those that were open are dropped.

    With a `percent` below 100 that share of new connections is reset as soon as it is open, and
    that share of the open ones at their next byte.
    """

    type = "refuse"

    def poisons(self) -> tuple[Poison, ...]:
        """Nothing that listens needs no toxic; a share of the connections does."""
        return () if self.percent == ALL else (Poison("refuse", "upstream", {}),)

    def inject(self, ground: Ground, trace: Trace) -> None:
        """Disable the edge's proxy, or add the toxic."""
        if self.percent < ALL:
            super().inject(ground, trace)
        else:
            lease = {"lease": ground.owner} if ground.leased else {}
            proxy_of(ground).set_enabled(self.edge, enabled=False, **lease)

    def heal(self, ground: Ground, trace: Trace) -> None:
        """Enable the edge's proxy, and remove the toxic."""
        super().heal(ground, trace)
        if self.percent == ALL:
            proxy_of(ground).set_enabled(self.edge, enabled=True)

    def healed(self, ground: Ground, trace: Trace) -> bool:
        """Whether the edge is open, or the toxic gone."""
        if self.percent < ALL:
            return super().healed(ground, trace)
        return bool(proxy_of(ground).edge(self.edge)["enabled"])
