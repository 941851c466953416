"""Scores, triage and summaries; and what a hospital may configure about its clinical work."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field

from reference_platform.contract.exchanges import Chart
from reference_platform.contract.primitives import (
    WHOLE,
    Code,
    Id,
    Instant,
    Line,
    Strict,
    absent,
)

Scale = Annotated[Literal[1, 2], WHOLE]
"""SpO2 scale: 2 is for confirmed hypercapnic respiratory failure, on a clinician's decision."""
Points = Annotated[int, Field(ge=0, le=20), WHOLE]
Consciousness = Literal["A", "C", "V", "P", "U"]
Risk = Literal["low", "low-medium", "medium", "high"]


class Vitals(Strict):
    """One set of measurements; what was not measured is absent.

    Per minute, percent, mmHg and degrees Celsius; consciousness as ACVPU.
    """

    respiration_rate: Annotated[float, Field(ge=0, le=100)] = absent()
    oxygen_saturation: Annotated[float, Field(ge=0, le=100)] = absent()
    supplemental_oxygen: bool = absent()
    systolic_blood_pressure: Annotated[float, Field(ge=0, le=350)] = absent()
    pulse: Annotated[float, Field(ge=0, le=350)] = absent()
    consciousness: Consciousness = absent()
    temperature: Annotated[float, Field(ge=20, le=45)] = absent()


class ScoreRequest(Vitals):
    """Vital signs to be scored; `scale` overrides the hospital's own, nothing is stored."""

    scale: Scale = absent()
    patient: Id = absent()


class Score(Strict):
    """A NEWS2 score; `score` and `risk` are null as long as a parameter is missing."""

    score: Points | None
    status: Literal["complete", "incomplete"]
    missing: list[Line]
    risk: Risk | None
    scale: Scale
    version: Line
    computed_at: Instant
    parameters: dict[str, Annotated[int, Field(ge=0, le=3)]]
    escalation: list[Line]
    explanation: list[Line] = absent()
    degraded: list[Line] = absent()


class Assessments(Strict):
    """A patient's stored scores, newest first, at most 100."""

    assessments: list[Score]


class TriageAnswer(Strict):
    """What the hospital's own table says to do about a set of vital signs."""

    tenant: Line
    score: Points | None
    level: Line | None
    steps: list[Line]
    missing: list[Line]
    scale: Scale
    configuration: Annotated[int, Field(ge=0)]


class ScoreOrNone(Strict):
    """A score in a summary: fresh, or stale and marked with its age, or not available."""

    status: Literal["complete", "incomplete", "not available"]
    score: Points | None
    risk: Risk | None = None
    missing: list[Line] = absent()
    computed_at: Instant = absent()
    version: Line = absent()
    stale: bool = absent()
    age_seconds: Annotated[int, Field(ge=0)] = absent()
    prompt: Line = absent()


class Summary(Strict):
    """A chart with its score; `degraded` names what could not be asked."""

    chart: Chart
    news2: ScoreOrNone
    degraded: list[Line]


def _ascending(steps: list[EscalationStep]) -> list[EscalationStep]:
    bounds = [step.at_least for step in steps]
    if bounds != sorted(set(bounds)) or bounds[0] != 0:
        raise ValueError("at_least has to begin with 0 and to rise from step to step")
    return steps


class EscalationStep(Strict):
    """What to do from a score of `at_least` on."""

    at_least: Points
    level: Line
    steps: Annotated[list[Line], Field(min_length=1, max_length=10)]


Escalation = Annotated[
    list[EscalationStep], Field(min_length=1, max_length=10), AfterValidator(_ascending)
]


class News2(Strict):
    """Which SpO2 scale is used, for whom the other one, and what a score leads to."""

    scale: Scale
    scale_2_conditions: Annotated[list[Code], Field(max_length=50)]
    escalation: Escalation


class Triage(Strict):
    """What the emergency department does with a score."""

    levels: Escalation


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError):  # the database is made of files, so a name may also be a folder
        raise ValueError("not a time zone of the IANA database") from None
    return value


ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class OpeningHours(Strict):
    """From when to when, on one day of the week."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    opens: ClockTime
    closes: ClockTime


class Booking(Strict):
    """When slots may be offered; no hours at all means always."""

    timezone: Annotated[Line, AfterValidator(_zone)]
    hours: Annotated[list[OpeningHours], Field(max_length=50)]


class LocalCode(Strict):
    """A code of the hospital's own, and the LOINC code that it means."""

    local: Code
    loinc: Code


class Codes(Strict):
    """The hospital's own codes of vital signs."""

    vital_signs: Annotated[list[LocalCode], Field(max_length=100)]


class Workflow(Strict):
    """Everything that a hospital configures; each part is one configuration."""

    news2: News2
    triage: Triage
    booking: Booking
    codes: Codes


PARTS: dict[str, type[BaseModel]] = {
    "news2": News2,
    "triage": Triage,
    "booking": Booking,
    "codes": Codes,
}
"""Configurations by name, as `PUT /v1/configuration/{name}` takes them."""

Part = TypeVar("Part", bound=BaseModel)


class Configured(Strict, Generic[Part]):
    """A configuration in force; version 0 is what the institution shipped with."""

    name: Line
    version: Annotated[int, Field(ge=0)]
    content: Part
