"""What the users of each journey were promised, against what a load measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from codeblue.load.planning.plan import LoadPlan
from codeblue.load.result import JourneyResult, LoadResult
from codeblue.session import Session
from codeblue.target import Objective


@dataclass(frozen=True)
class Measured:
    """One objective of one stream of a load; ``unit`` is that of both numbers."""

    load: str
    journey: str
    objective: str
    threshold: float
    measured: float
    unit: str
    met: bool


def against_objectives(
    session: Session, result: LoadResult, plan: LoadPlan | None = None
) -> list[Measured]:
    """Compare ``result`` with what was promised, as ``compared`` does, and journal all of it."""
    found = compared(session.target.objectives, result, plan)
    for measured in found:
        session.journal.event("objective", **asdict(measured))
    return found


def compared(
    objectives: Mapping[str, Objective], result: LoadResult, plan: LoadPlan | None = None
) -> list[Measured]:
    """Compare ``result`` with what was promised.

    A stream is held to the objective that ``plan`` has for it, else to the one in ``objectives``
    (of the target) for its name or its journey, else to the default one. A stream of which nothing
    was issued is left out, as nothing was measured.
    """
    return [
        measured
        for stream, journey in result.journeys.items()
        if journey.issued
        for measured in _compare(result.label, stream, journey, _promised(objectives, plan, stream))
    ]


def _promised(target: Mapping[str, Objective], plan: LoadPlan | None, stream: str) -> Objective:
    if plan is None:
        return target.get(stream, Objective())
    journey = plan.journeys[stream].journey
    promises = (plan.objectives.get(stream), target.get(stream), target.get(journey))
    return next((promise for promise in promises if promise is not None), Objective())


def _compare(load: str, stream: str, journey: JourneyResult, promised: Objective) -> list[Measured]:
    measured, least = journey.availability, promised.availability
    found = [Measured(load, stream, "availability", least, measured, "%", measured >= least)]
    if promised.p99 is not None and journey.p99 is not None:
        most = promised.p99 * 1000
        found.append(Measured(load, stream, "p99", most, journey.p99, "ms", journey.p99 <= most))
    return found
