"""Requests and answers of governance: audit trail, retention, exports, and the clock of tests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from reference_platform.contract.datatypes import CodeableConcept, Coding
from reference_platform.contract.primitives import WHOLE, Id, Instant, Line, Strict, absent
from reference_platform.contract.searches import Days, Paged, PatientFilter, Query

Counts = dict[str, int]
"""How many rows, by table."""


class AuditEvent(Strict):
    """https://hl7.org/fhir/R4/auditevent.html, in the shape of IHE BALP."""

    model_config = ConfigDict(extra="allow")

    resourceType: Literal["AuditEvent"]  # noqa: N815
    id: Id
    type: Coding
    subtype: list[Coding]
    action: Literal["C", "R", "U", "D", "E"]
    recorded: Instant
    outcome: Literal["0", "4", "8", "12"]
    outcomeDesc: str  # noqa: N815
    purposeOfEvent: list[CodeableConcept]  # noqa: N815
    agent: list[dict[str, Any]]
    source: dict[str, Any]
    entity: list[dict[str, Any]]


class AuditSearch(Paged):
    """`agent` is the subject of a token; `date` may come twice, as both ends of a range."""

    repeated = frozenset({"date"})

    patient: PatientFilter = absent()
    agent: Line = absent()
    date: Days = absent()


class VerificationRange(Query):
    """From which position of the trail; the first one when it is not said."""

    start: Annotated[
        str,
        Field(alias="from", pattern=r"^[1-9][0-9]{0,11}$"),
        WithJsonSchema({"type": "integer", "minimum": 1}),
    ] = absent()


class AuditVerification(Strict):
    """Whether the trail is what it was, from one position through another one.

    `status` is `unprotected` when nothing was decided that would show a change.
    """

    status: Literal["intact", "broken", "unprotected"]
    first: int
    through: int
    complete: bool
    checkpoints: int
    first_bad: int = absent()
    reason: str = absent()


class LegalHoldRequest(Strict):
    """Nothing about this patient may be erased, or may be again."""

    active: bool
    reason: Line


class LegalHold(LegalHoldRequest):
    """The legal hold of a patient."""

    patient: Id
    since: Instant


class ErasureRequest(Strict):
    """Why everything about a patient is to be erased."""

    reason: Line


class Kept(Strict):
    """What an erasure left, and why."""

    what: str
    reason: str


class Erasure(Strict):
    """What was erased, what was kept, and the proof that stays."""

    patient: Id
    erased: Counts
    kept: list[Kept]
    proof: Id
    recorded: Instant
    digest: str


class RetentionRun(Strict):
    """What a run erased because its time was over, and how many patients a legal hold kept."""

    id: Id
    recorded: Instant
    erased: Counts
    patients: int
    held: int


class ExportRequest(Strict):
    """Everything about one patient, or about all of them."""

    patient: Id = absent()


class Export(Strict):
    """An export, as it was written."""

    id: Id
    recorded: Instant
    patients: int
    lines: int


class ExportContent(Strict):
    """An export, as far as it can still be read: at most 1000 lines."""

    id: Id
    lines: int
    unreadable: int
    resources: list[dict[str, Any]]


class ClockRequest(Strict):
    """How far to move the clock."""

    advance_seconds: Annotated[int, Field(ge=0, le=10**10), WHOLE]


class ClockReading(Strict):
    """What time it is, and how many seconds that is ahead of real time."""

    time: Instant
    offset_seconds: float
    movable: bool
