"""What the loads at one severity say together.

A load can misjudge: it is short, and the machine may be busy. So a severity is decided by two votes
more on one side than on the other (a sequential probability ratio test, Wald 1945), among at most
four. Where they stay divided, nothing is decided, and the severity lies within the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vote = Literal["held", "broke", "inconclusive"]

LEAD = 2
MOST = 4
PATIENCE = 2
"""Inconclusive loads at one severity after which it cannot be examined."""
ERROR = 0.05
"""The share of loads that may misjudge for the stated confidence to hold."""


@dataclass(frozen=True)
class Votes:
    """How many loads at one severity held, broke, and said nothing."""

    held: int = 0
    broke: int = 0
    inconclusive: int = 0

    def plus(self, vote: Vote) -> Votes:
        """These, and one more."""
        counts = {"held": self.held, "broke": self.broke, "inconclusive": self.inconclusive}
        return Votes(**{**counts, vote: counts[vote] + 1})

    @property
    def held_up(self) -> bool:
        """Decided: it is tolerated."""
        return self.held - self.broke >= LEAD

    @property
    def broke_down(self) -> bool:
        """Decided: it is too much."""
        return self.broke - self.held >= LEAD

    @property
    def leans_held(self) -> bool:
        """All votes so far, one or more, say that it is tolerated, or it is decided so."""
        return self.held_up or (self.held > 0 and not self.broke)

    @property
    def leans_broke(self) -> bool:
        """All votes so far, one or more, say that it is too much, or it is decided so."""
        return self.broke_down or (self.broke > 0 and not self.held)

    @property
    def divided(self) -> bool:
        """The loads disagree, and no side is ahead by two."""
        return self.held > 0 < self.broke and abs(self.held - self.broke) < LEAD

    @property
    def open(self) -> bool:
        """Another load may still decide what is divided, or replace one that said nothing."""
        more = self.divided and self.held + self.broke < MOST
        unseen = 0 < self.inconclusive < PATIENCE and not self.held + self.broke
        return more or unseen

    @property
    def hopeless(self) -> bool:
        """Too many of the loads said nothing."""
        return self.inconclusive >= PATIENCE and not (self.held_up or self.broke_down)


def misjudged(error: float = ERROR) -> float:
    """The most likely it is that a severity is decided wrongly, when a load errs with ``error``.

    Two wrong votes at once, or one of each and then two wrong ones.
    """
    return error**2 * (1 + 2 * error * (1 - error))
