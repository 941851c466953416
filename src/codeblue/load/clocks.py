"""How far the clock of another machine is from ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Exchange(NamedTuple):
    """One question and its answer; seconds since the epoch on the clock that saw them."""

    asked: float
    theirs: float
    answered: float

    @property
    def round_trip(self) -> float:
        """How long the answer took, which bounds the error of the offset."""
        return self.answered - self.asked

    @property
    def offset(self) -> float:
        """Their clock minus ours, if both ways took equally long (RFC 5905, clock offset)."""
        return self.theirs - (self.asked + self.answered) / 2


def offset(exchanges: Iterable[Exchange]) -> float:
    """Their clock minus ours, in seconds, by the exchange that took the shortest time.

    0 when that is less than it could be wrong by, as between two processes of one machine.
    """
    best = min(exchanges, key=lambda exchange: exchange.round_trip)
    return best.offset if abs(best.offset) > best.round_trip / 2 else 0.0
