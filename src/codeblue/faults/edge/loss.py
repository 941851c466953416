"""Loss: packets are lost and sent again, which TCP shows as stalls."""

from __future__ import annotations

from dataclasses import dataclass, field

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault

RETRANSMISSION_MS = 200
"""The least time after which Linux sends a lost segment again (TCP_RTO_MIN)."""


@dataclass(frozen=True)
class Loss(ToxicFault):
    """Answers stall `stall` ms where one is lost; nothing arrives twice or out of order.

    `percent` is the share of the chunks of bytes that are lost, on every connection.
    """

    percent: int = field(kw_only=True)
    stall: int = RETRANSMISSION_MS

    type = "loss"

    @property
    def toxicity(self) -> float:
        """Every connection."""
        return 1.0

    def poisons(self) -> tuple[Poison, ...]:
        """Loss on the way back."""
        return (Poison("loss", "downstream", {"percent": self.percent, "stall": self.stall}),)
