"""Events -> how much of each fault each edge takes, also of a search that was cut short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codeblue.render._fields import Event, clean, mapping, number, text, words

ANSWERED = ("found", "beyond", "below")
_NOTES = {
    "found": "both ends confirmed",
    "beyond": "takes the strongest to try: beyond the range",
    "below": "does not even take the mildest to try: beyond the range",
}


@dataclass(frozen=True)
class EnvelopePoint:
    """One load under a fault of ``severity``, what it said, and why."""

    severity: float
    verdict: str
    why: str
    load: str


@dataclass(frozen=True)
class EnvelopeCell:
    """How much of ``fault`` the platform takes on ``edge``, in ``unit``.

    ``standing`` is ``found``, ``beyond`` or ``below`` the range, or says why there is no answer.
    ``heat`` is the share of the severities that are too much, 0 to 1; None without an answer.
    """

    edge: str
    fault: str
    unit: str
    standing: str
    tolerated: float | None
    broke_at: float | None
    confidence: float | None
    heat: float | None
    short: str
    sentence: str
    why: str
    points: tuple[EnvelopePoint, ...]

    @property
    def answered(self) -> bool:
        """Whether both ends are confirmed, or the range is left on one side."""
        return self.standing in ANSWERED

    @property
    def note(self) -> str:
        """What the two numbers mean, or why they are not there."""
        said = _NOTES.get(self.standing)
        return self.sentence if said is None else f"{said}{f': {self.why}' if self.why else ''}"

    @property
    def culprit(self) -> str:
        """What broke at the mildest severity that is too much, or at the mildest seen so far."""
        broke = [point for point in self.points if point.verdict == "broke"]
        first = [point for point in broke if point.severity == self.broke_at] or broke[-1:]
        return first[0].why if first else ""


@dataclass(frozen=True)
class EnvelopeMap:
    """All cells of a run, in the order in which they were planned."""

    edges: tuple[str, ...]
    faults: tuple[str, ...]
    ranges: dict[str, str]
    cells: dict[tuple[str, str], EnvelopeCell]

    @property
    def answered(self) -> int:
        """How many cells have an answer."""
        return sum(cell.answered for cell in self.cells.values())


def envelope_map(events: Sequence[Event]) -> EnvelopeMap | None:
    """The map that was planned, with what was found of it; None when none was planned."""
    plan = next((event for event in events if event.get("kind") == "envelope-planned"), None)
    if plan is None:
        return None
    edges, scales = words(plan, "edges"), mapping(plan, "faults")
    levels = {fault: _levels(mapping(scales, fault)) for fault in scales}
    units = {fault: text(mapping(scales, fault), "unit") for fault in scales}
    known = _known(events)
    return EnvelopeMap(
        edges=edges,
        faults=tuple(scales),
        ranges={fault: _range(levels[fault], units[fault]) for fault in scales},
        cells={
            (edge, fault): _cell((edge, fault), known.get((edge, fault), []), levels[fault], unit)
            for edge in edges
            for fault, unit in units.items()
        },
    )


def _known(events: Sequence[Event]) -> dict[tuple[str, str], list[Event]]:
    """The points and the result of each cell, in the order written."""
    found: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.get("kind") in ("envelope-point", "envelope"):
            found.setdefault((text(event, "edge"), text(event, "fault")), []).append(event)
    return found


def _cell(
    name: tuple[str, str], events: Sequence[Event], levels: Sequence[float], unit: str
) -> EnvelopeCell:
    points = [event for event in events if event.get("kind") == "envelope-point"]
    results = [event for event in events if event.get("kind") == "envelope"]
    # Of a run that was killed, the last point says what was known by then.
    last = results[-1] if results else mapping(points[-1], "known") if points else {}
    standing = text(last, "standing", "unfinished")
    return EnvelopeCell(
        edge=name[0],
        fault=name[1],
        unit=unit,
        standing=standing,
        tolerated=number(last, "tolerated"),
        broke_at=number(last, "broke_at"),
        confidence=number(last, "confidence"),
        heat=_heat(standing, number(last, "tolerated"), levels),
        short=text(last, "short"),
        sentence=text(last, "sentence", "not examined"),
        why=text(last, "why"),
        points=tuple(_point(event) for event in points),
    )


def _heat(standing: str, tolerated: float | None, levels: Sequence[float]) -> float | None:
    if standing not in ANSWERED or not levels:
        return None
    taken = levels.index(tolerated) + 1 if tolerated in levels else 0
    return 1 - taken / len(levels)


def _point(event: Event) -> EnvelopePoint:
    return EnvelopePoint(
        severity=number(event, "severity") or 0.0,
        verdict=text(event, "verdict"),
        why=text(event, "why"),
        load=text(event, "load"),
    )


def _levels(scale: Event) -> list[float]:
    value = scale.get("severities")
    numbers = value if isinstance(value, list) else []
    return [float(each) for each in numbers if number({"level": each}, "level") is not None]


def _range(levels: Sequence[float], unit: str) -> str:
    return clean(f"{levels[0]:,g} to {levels[-1]:,g} {unit}") if levels else ""
