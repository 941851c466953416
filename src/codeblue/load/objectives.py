"""What the users of each journey were promised, against what a load measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from codeblue.load.result import JourneyResult, LoadResult
from codeblue.session import Session
from codeblue.target import Objective


@dataclass(frozen=True)
class Measured:
    """One objective of one journey; ``unit`` is that of both numbers."""

    journey: str
    objective: str
    threshold: float
    measured: float
    unit: str
    met: bool


def against_objectives(session: Session, result: LoadResult) -> list[Measured]:
    """Compare ``result`` with the objectives of the target, and journal every comparison.

    A journey without objectives of its own is held to the default ones. A journey of which nothing
    was issued is left out, as nothing was measured.
    """
    found = [
        measured
        for name, journey in result.journeys.items()
        if journey.issued
        for measured in _compare(name, journey, session.target.objectives.get(name, Objective()))
    ]
    for measured in found:
        session.journal.event("objective", **asdict(measured))
    return found


def _compare(name: str, journey: JourneyResult, promised: Objective) -> list[Measured]:
    availability, enough = journey.availability, promised.availability
    found = [Measured(name, "availability", enough, availability, "%", availability >= enough)]
    if promised.p99 is not None and journey.p99 is not None:
        limit = promised.p99 * 1000
        found.append(Measured(name, "p99", limit, journey.p99, "ms", journey.p99 <= limit))
    return found
