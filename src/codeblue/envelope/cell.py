"""The cells of the map, one edge under one fault each, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import ceil, log2

from codeblue.envelope.result import Envelope, Standing, envelope_of
from codeblue.envelope.scale import SCALES, Scale
from codeblue.envelope.search import MOST_POINTS, Search
from codeblue.envelope.votes import Vote


@dataclass
class Cell:
    """One edge under one fault, from nothing known to an envelope."""

    edge: str
    fault: str
    _search: Search = field(init=False)
    _ended: tuple[Standing, str] | None = field(default=None, init=False)
    _why: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._search = Search(len(self.scale.levels))

    @property
    def scale(self) -> Scale:
        """The severities that there are."""
        return SCALES[self.fault]

    @property
    def begun(self) -> bool:
        """Whether there was a load, or there will be none."""
        return self._search.points > 0 or self._ended is not None

    @property
    def done(self) -> bool:
        """Whether nothing is left to find out."""
        return self._ended is not None or self._search.done

    @property
    def severity(self) -> float | None:
        """The severity to try next; ``None`` when nothing is left to find out."""
        index = None if self._ended else self._search.next()
        return None if index is None else self.scale.levels[index]

    @property
    def gentle(self) -> bool:
        """Whether the next load is as good as a control: what it finds broken is tried again."""
        return self._ended is None and self._search.gentle

    @property
    def envelope(self) -> Envelope:
        """What is known by now."""
        found = envelope_of(self.edge, self.fault, self._search, why=self._why)
        if self._ended is None:
            return found
        standing, why = self._ended
        return replace(found, standing=standing, confidence=None, why=why)

    def add(self, severity: float, vote: Vote, why: str = "") -> None:
        """Count the vote of a load at ``severity``."""
        self._search.add(self.scale.levels.index(severity), vote)
        self._why = why if vote == "inconclusive" else ""

    def end(self, standing: Standing, why: str = "") -> None:
        """No further load is put on, for the reason ``why``; what is known stays."""
        self._ended = standing, why

    def remaining(self) -> int:
        """About how many loads are still to come."""
        return 0 if self._ended else self._search.remaining()


def cells_of(edges: Iterable[str], faults: Iterable[str]) -> list[Cell]:
    """All of ``edges`` under each of ``faults``."""
    kinds = list(faults)
    return [Cell(edge, fault) for edge in edges for fault in kinds]


def in_turn(cells: Iterable[Cell]) -> Iterator[Cell]:
    """The cell for the next load, again and again, until none needs any.

    First the strongest severity of every cell, so that a map that is ended early shows all edges;
    then one cell after the other, so that both ends of an interval are seen close in time.
    """
    rest = list(cells)
    for cell in rest:
        if not cell.begun:
            yield cell
    for cell in rest:
        while not cell.done:
            yield cell


def estimated_points(cells: Iterable[Cell]) -> int:
    """About how many loads are still to come, for all of ``cells``."""
    return sum(cell.remaining() for cell in cells)


def most_points(cells: Iterable[Cell]) -> int:
    """How many loads it takes at most while the loads agree with each other; else up to 24 each."""
    return sum(min(MOST_POINTS, 4 + ceil(log2(len(cell.scale.levels)))) for cell in cells)
