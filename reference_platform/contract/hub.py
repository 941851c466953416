"""Requests and answers about partners: quarantine, canonical events, transfers, cancellations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reference_platform.contract.primitives import Id, Instant, Line, Strict, absent
from reference_platform.contract.searches import Query

State = Literal["held", "applied"]


class QuarantinedSummary(Strict):
    """A message that could not be applied: where it is wrong, why, and how often it came."""

    id: Id
    received: Instant
    sender: str
    control_id: str
    place: str
    reason: str
    state: State
    times: Annotated[int, Field(ge=1)]


class QuarantinedMessage(QuarantinedSummary):
    """The same, with the message as it came; bytes that are not UTF-8 are written as escapes."""

    message: str


class Quarantined(Strict):
    """What is held, newest first, at most 1000."""

    messages: list[QuarantinedSummary]


class QuarantineFilter(Query):
    """By state."""

    state: State = absent()


class Replay(Strict):
    """The repaired message, its segments ended by carriage returns or line feeds; or none."""

    message: Annotated[str, Field(min_length=1, max_length=1024 * 1024)] = absent()


class CanonicalEvent(Strict):
    """An ADT event in the canonical model; what the message does not hold is empty."""

    tenant: str
    sender: str
    control_id: str
    dialect: str
    trigger: Literal["A01", "A02", "A08", "A03"]
    occurred: str
    visit: str
    patient: str
    ward: str
    visit_class: str
    family: str
    given: str
    birth_date: str
    gender: str
    traceparent: str


class VisitEvents(Strict):
    """The events of a visit, oldest first, at most 1000."""

    events: list[CanonicalEvent]


class LabCancellation(Strict):
    """A laboratory request that was cancelled."""

    id: Id
    state: Literal["cancelled"]


class TransferRequest(Strict):
    """Whose record goes to the FHIR partner."""

    patient: Id


class Transfer(Strict):
    """A record that the FHIR partner has taken, and where it keeps it."""

    id: Id
    location: Line
