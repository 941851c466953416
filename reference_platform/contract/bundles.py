"""FHIR Bundles (https://hl7.org/fhir/R4/bundle.html): transactions, their answers, and searches."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from reference_platform.contract.primitives import Instant, Line, Strict, absent
from reference_platform.contract.resources import (
    AllergyIntolerance,
    Encounter,
    Observation,
    Patient,
    Resource,
)

R = TypeVar("R", bound=Resource)
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


Entry = PatientEntry | ObservationEntry | AllergyIntoleranceEntry | EncounterEntry


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


class Match(Strict, Generic[R]):
    """A resource that was found."""

    fullUrl: Line  # noqa: N815
    resource: R


class SearchSet(Strict, Generic[R]):
    """The first `_count` matches, newest first; `total` counts those in `entry`."""

    resourceType: Literal["Bundle"]  # noqa: N815
    type: Literal["searchset"]
    total: int
    entry: list[Match[R]] = absent()
