"""What a search came to, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from codeblue.envelope.scale import SCALES, Scale
from codeblue.envelope.search import CONFIDENT, Search

Standing = Literal[
    "found", "beyond", "below", "inconclusive", "unfinished", "not met", "impossible"
]
ANSWERED: frozenset[Standing] = frozenset({"found", "beyond", "below"})
"""What says how much the platform takes."""


@dataclass(frozen=True)
class Envelope:
    """How much of ``fault`` on ``edge`` the platform takes, in the unit of the fault's scale.

    ``tolerated`` is the strongest severity at which the objectives are met, ``broke_at`` the
    mildest at which they are not; the threshold lies between them. ``None``: there is none, for
    the reason that ``standing`` gives.
    """

    edge: str
    fault: str
    standing: Standing
    tolerated: float | None = None
    broke_at: float | None = None
    confidence: float | None = None
    points: int = 0
    why: str = ""
    leaning: tuple[float | None, float | None] = (None, None)
    """Both ends as a single load, or loads that disagree, have them; none is confirmed."""

    @property
    def answered(self) -> bool:
        """Whether it says how much the platform takes."""
        return self.standing in ANSWERED

    @property
    def sentence(self) -> str:
        """What was found, for a report."""
        return f"{self._found()}{f': {self.why}' if self.why else ''}"

    @property
    def short(self) -> str:
        """What was found, for a cell of a table; a question mark is on what is not confirmed."""
        scale = SCALES[self.fault]
        if self.standing == "beyond":
            return f"all ({scale.said(scale.levels[-1])})"
        if self.standing == "below":
            return f"not even {scale.said(scale.levels[0])}"
        if self.standing == "found":
            return f"{self.tolerated:,g} .. {self.broke_at:,g} {scale.unit}"
        low, high = ("?" if each is None else f"{each:,g}?" for each in self.leaning)
        known = f"{low} .. {high} {scale.unit}" if self.points else ""
        return known if self.points else _SHORT[self.standing]

    def fields(self) -> dict[str, Any]:
        """For the journal and the JSON object."""
        return {
            "edge": self.edge,
            "fault": self.fault,
            "standing": self.standing,
            "tolerated": self.tolerated,
            "broke_at": self.broke_at,
            "unit": SCALES[self.fault].unit,
            "confidence": self.confidence,
            "points": self.points,
            "why": self.why,
            "leaning": list(self.leaning),
            "short": self.short,
            "sentence": self.sentence,
        }

    def _found(self) -> str:
        scale = SCALES[self.fault]
        percent = 100 * (self.confidence or 0)
        sure = f" ({percent:.0f} % sure, {CONFIDENT})" if self.confidence else ""
        strongest, mildest = scale.said(scale.levels[-1]), scale.said(scale.levels[0])
        if self.standing == "found":
            return f"takes {_said(scale, self.tolerated)}, not {_said(scale, self.broke_at)}{sure}"
        if self.standing == "beyond":
            return f"takes {strongest}, the strongest to try: beyond the range{sure}"
        if self.standing == "below":
            return f"does not even take {mildest}, the mildest to try: beyond the range{sure}"
        return f"{_NO_ANSWER[self.standing]}{self._known(scale)}"

    def _known(self, scale: Scale) -> str:
        known = []
        if self.tolerated is not None:
            known.append(f"takes {_said(scale, self.tolerated)}")
        if self.broke_at is not None:
            known.append(f"does not take {_said(scale, self.broke_at)}")
        return f" ({', '.join(known)})" if known else ""


_SHORT = {
    "inconclusive": "?",
    "unfinished": "",
    "not met": "not met",
    "impossible": "impossible",
}
_NO_ANSWER = {
    "inconclusive": "inconclusive",
    "unfinished": "not finished",
    "not met": "no journey of the profile meets this edge",
    "impossible": "cannot be done here",
}


def envelope_of(edge: str, fault: str, search: Search, *, why: str = "") -> Envelope:
    """What ``search`` has come to so far; ``why`` it said nothing, if that is so."""
    levels = SCALES[fault].levels
    standing = _standing(search)
    low, high = search.tolerated, search.broke_at
    answered = standing in ANSWERED
    return Envelope(
        edge=edge,
        fault=fault,
        standing=standing,
        tolerated=_at(levels, low),
        broke_at=_at(levels, high),
        confidence=search.confidence if answered else None,
        points=search.points,
        leaning=(_at(levels, search.leaning[0]), _at(levels, search.leaning[1])),
        why=_why(search, standing, why),
    )


def _at(levels: tuple[float, ...], index: int | None) -> float | None:
    return None if index is None else levels[index]


def _why(search: Search, standing: Standing, why: str) -> str:
    """Why there is no answer, or none that is as narrow as the scale."""
    if standing == "unfinished" or search.hopeless is not None:
        return why
    if standing == "inconclusive":
        return "the loads disagree so much that no two ends were confirmed"
    return "" if search.narrow else "the loads between these disagree"


def _standing(search: Search) -> Standing:
    if not search.done:
        return "unfinished"
    if search.beyond:
        return "beyond"
    if search.below:
        return "below"
    both = search.tolerated is not None and search.broke_at is not None
    return "found" if both else "inconclusive"


def _said(scale: Scale, severity: float | None) -> str:
    return "nothing" if severity is None else scale.said(severity)
