"""FHIR Bundles (https://hl7.org/fhir/R4/bundle.html): transactions, searches, histories."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from reference_platform.contract.primitives import Instant, Line, Strict, absent
from reference_platform.contract.resources import (
    AllergyIntolerance,
    Condition,
    Consent,
    Encounter,
    MedicationRequest,
    Observation,
    Patient,
)

R = TypeVar("R", bound=Strict)
FullUrl = Annotated[str, Field(pattern=r"^urn:uuid:[0-9a-fA-F\-]{36}$")]


class PostPatient(Strict):
    """Create a Patient."""

    method: Literal["POST"]
    url: Literal["Patient"]


class PostObservation(Strict):
    """Create an Observation."""

    method: Literal["POST"]
    url: Literal["Observation"]


class PostAllergyIntolerance(Strict):
    """Create an AllergyIntolerance."""

    method: Literal["POST"]
    url: Literal["AllergyIntolerance"]


class PostEncounter(Strict):
    """Create an Encounter."""

    method: Literal["POST"]
    url: Literal["Encounter"]


class PostCondition(Strict):
    """Create a Condition."""

    method: Literal["POST"]
    url: Literal["Condition"]


class PostMedicationRequest(Strict):
    """Create a MedicationRequest."""

    method: Literal["POST"]
    url: Literal["MedicationRequest"]


class PostConsent(Strict):
    """Create a Consent."""

    method: Literal["POST"]
    url: Literal["Consent"]


class PatientEntry(Strict):
    """A Patient to create."""

    fullUrl: FullUrl = absent()  # noqa: N815
    resource: Patient
    request: PostPatient


class ObservationEntry(Strict):
    """An Observation to create."""

    fullUrl: FullUrl = absent()  # noqa: N815
    resource: Observation
    request: PostObservation


class AllergyIntoleranceEntry(Strict):
    """An AllergyIntolerance to create."""

    fullUrl: FullUrl = absent()  # noqa: N815
    resource: AllergyIntolerance
    request: PostAllergyIntolerance


class EncounterEntry(Strict):
    """An Encounter to create."""

    fullUrl: FullUrl = absent()  # noqa: N815
    resource: Encounter
    request: PostEncounter


class ConditionEntry(Strict):
    """A Condition to create."""

    fullUrl: FullUrl = absent()  # noqa: N815
    resource: Condition
    request: PostCondition


class MedicationRequestEntry(Strict):
    """A MedicationRequest to create."""

    fullUrl: FullUrl = absent()  # noqa: N815
    resource: MedicationRequest
    request: PostMedicationRequest


class ConsentEntry(Strict):
    """A Consent to create."""

    fullUrl: FullUrl = absent()  # noqa: N815
    resource: Consent
    request: PostConsent


Entry = (
    PatientEntry
    | ObservationEntry
    | AllergyIntoleranceEntry
    | EncounterEntry
    | ConditionEntry
    | MedicationRequestEntry
    | ConsentEntry
)


class Transaction(Strict):
    """Resources to create, all or none."""

    resourceType: Literal["Bundle"]  # noqa: N815
    type: Literal["transaction"]
    entry: Annotated[list[Entry], Field(min_length=1, max_length=500)]


class Created(Strict):
    """What became of one entry."""

    status: Literal["201 Created"]
    location: Line
    etag: Line
    lastModified: Instant  # noqa: N815


class CreatedEntry(Strict):
    """The answer to one entry, in the order of the transaction."""

    response: Created


class TransactionResponse(Strict):
    """The answer to a transaction."""

    resourceType: Literal["Bundle"]  # noqa: N815
    type: Literal["transaction-response"]
    entry: list[CreatedEntry]


class Link(Strict):
    """Another page: `self`, or `next` as long as there is one."""

    relation: Literal["self", "next"]
    url: str


class Match(Strict, Generic[R]):
    """A resource that was found."""

    fullUrl: Line  # noqa: N815
    resource: R


class SearchSet(Strict, Generic[R]):
    """Matches, newest first; `total` is there when they all are in `entry`."""

    resourceType: Literal["Bundle"]  # noqa: N815
    type: Literal["searchset"]
    total: Annotated[int, Field(ge=0)] = absent()
    link: list[Link]
    entry: list[Match[R]] = absent()


class VersionRequest(Strict):
    """How a version came to be."""

    method: Literal["POST", "PUT", "DELETE"]
    url: Line


class VersionResponse(Strict):
    """What was answered then."""

    status: Literal["201", "200", "204"]
    etag: Line
    lastModified: Instant  # noqa: N815


class Version(Strict, Generic[R]):
    """One version; a deletion has no resource."""

    fullUrl: Line  # noqa: N815
    resource: R = absent()
    request: VersionRequest
    response: VersionResponse


class History(Strict, Generic[R]):
    """The versions of one resource, the newest first."""

    resourceType: Literal["Bundle"]  # noqa: N815
    type: Literal["history"]
    total: Annotated[int, Field(ge=0)] = absent()
    link: list[Link]
    entry: list[Version[R]]
