"""Bisection among severities: the strongest that is tolerated, and the mildest that is too much."""

from __future__ import annotations

from math import ceil, floor, log2

from codeblue.envelope.votes import ERROR, Vote, Votes, misjudged

MOST_POINTS = 24
"""After as many loads the search ends with what it has."""
_LAST = 8
"""As many of them are kept for confirming two ends, wherever they are by then."""
CONFIDENT = "when at most one load in twenty misjudges"


class Search:
    """Which of ``size`` severities to try next; they are indices, 0 is the mildest.

    Ask ``next`` for a severity, put a load on the platform, ``add`` its vote. The strongest goes
    first: where it is tolerated, two loads are enough. The ends of the interval are severities
    that are decided. Severities on which the loads stay divided lie between them.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._votes = [Votes() for _ in range(size)]
        self.points = 0

    def add(self, severity: int, vote: Vote) -> None:
        """Count the vote of a load at ``severity``."""
        self._votes[severity] = self._votes[severity].plus(vote)
        self.points += 1

    def next(self) -> int | None:
        """The severity to try next; ``None`` when nothing is left to find out."""
        if self.points >= MOST_POINTS or self.hopeless is not None:
            return None
        if self._late:
            return self._end()
        undecided = (n for n, votes in enumerate(self._votes) if votes.open)
        found = next(undecided, None)
        return self._extreme() if found is None else found

    @property
    def gentle(self) -> bool:
        """Whether the mildest severity is next, for the first time: almost no fault at all."""
        return self.next() == 0 and self._votes[0] == Votes()

    @property
    def done(self) -> bool:
        """Whether the search has come to its end."""
        return self.next() is None

    @property
    def hopeless(self) -> int | None:
        """A severity that cannot be examined, because its loads say nothing."""
        return next((n for n, votes in enumerate(self._votes) if votes.hopeless), None)

    @property
    def beyond(self) -> bool:
        """Whether even the strongest severity is tolerated."""
        return self._votes[-1].held_up

    @property
    def below(self) -> bool:
        """Whether even the mildest severity is too much."""
        return self._votes[0].broke_down and self._highest() is None

    @property
    def tolerated(self) -> int | None:
        """The strongest severity that is decided to be tolerated, below all that is not."""
        low = self._low(decided=True)
        return self._size - 1 if self.beyond else low

    @property
    def broke_at(self) -> int | None:
        """The mildest severity that is decided to be too much, above all that is tolerated."""
        return None if self.beyond else self._high(decided=True)

    @property
    def leaning(self) -> tuple[int | None, int | None]:
        """Both ends as they are by now, decided or not; none is one to rely on."""
        return self._low(), self._high()

    @property
    def narrow(self) -> bool:
        """Whether nothing can lie between the two ends, or there is only one for good."""
        low, high = self.tolerated, self.broke_at
        beside = low is not None and high is not None and high - low == 1
        return beside or self.beyond or self.below

    @property
    def _late(self) -> bool:
        """Whether the loads disagree so much that a narrow interval is not to be had."""
        return self.points >= MOST_POINTS - _LAST

    @property
    def confidence(self) -> float:
        """How likely it is that the interval holds the threshold, at least; see ``CONFIDENT``."""
        return floor(100 * (1 - most_tried(self._size) * misjudged(ERROR))) / 100

    def remaining(self) -> int:
        """About how many loads are still to come."""
        if self.next() is None:
            return 0
        low, high = self._low(), self._high()
        if low is None and high is None:
            return 3 + ceil(log2(self._size))
        if self._votes[-1].leans_held:
            return 1
        between = (self._size if high is None else high) - (0 if low is None else low)
        ends = (not self._votes[end].held_up for end in [low] if end is not None)
        others = (not self._votes[end].broke_down for end in [high] if end is not None)
        return max(1, ceil(log2(max(between, 1))) + sum(ends) + sum(others) + (low is None))

    def _extreme(self) -> int | None:
        """The ends of the range first: they say whether there is a threshold within it."""
        top, bottom = self._votes[-1], self._votes[0]
        if top.held_up:
            return None
        if top == Votes() or top.leans_held:
            return self._size - 1
        if bottom == Votes() or (bottom.leans_broke and not bottom.broke_down):
            return 0
        return self._between()

    def _between(self) -> int | None:
        """The middle of what is untried on the way to a threshold, else an end to confirm."""
        low, high = self._low(), self._high()
        lowest, highest = self._lowest(), self._highest()
        if low is not None and lowest is not None and lowest - low > 1:
            return (low + lowest) // 2
        if high is not None and highest is not None and high - highest > 1:
            return (high + highest + 1) // 2
        return self._end()

    def _end(self) -> int | None:
        """An end of the interval to confirm, as it is known by now."""
        low, high = self._low(), self._high()
        if low is not None and not self._votes[low].held_up:
            return low
        if high is not None and not self._votes[high].broke_down:
            return high
        return None

    def _lowest(self) -> int | None:
        """The mildest severity that is not clearly tolerated."""
        return min(
            (n for n, v in enumerate(self._votes) if v.leans_broke or v.divided), default=None
        )

    def _highest(self) -> int | None:
        """The strongest severity that is not clearly too much."""
        return max(
            (n for n, v in enumerate(self._votes) if v.leans_held or v.divided), default=None
        )

    def _low(self, *, decided: bool = False) -> int | None:
        """The strongest tolerated severity below all that is not; perhaps only decided ones."""
        limit = self._lowest()
        below = self._votes if limit is None else self._votes[:limit]
        good = (n for n, v in enumerate(below) if (v.held_up if decided else v.leans_held))
        return max(good, default=None)

    def _high(self, *, decided: bool = False) -> int | None:
        """The mildest severity that is too much, above all that is not; perhaps decided ones."""
        limit = self._highest()
        first = 0 if limit is None else limit + 1
        above = enumerate(self._votes[first:], first)
        bad = (n for n, v in above if (v.broke_down if decided else v.leans_broke))
        return min(bad, default=None)


def most_tried(size: int) -> int:
    """How many severities are decided at most, on the way to one interval of ``size``."""
    return 2 + 2 * ceil(log2(size))
