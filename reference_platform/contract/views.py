"""FHIR R4 resources that nobody writes as such: the platform makes them of what it keeps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reference_platform.contract.datatypes import CodeableConcept, Reference
from reference_platform.contract.primitives import (
    Element,
    Id,
    Instant,
    Line,
    Strict,
    Uri,
    VersionReference,
    absent,
)


class VersionedReference(Element):
    """A link to one version of a resource."""

    reference: VersionReference


class Named(Element):
    """Somebody who has no resource here."""

    display: Line


class Agent(Strict):
    """Who wrote, and in which role."""

    type: CodeableConcept
    role: Annotated[list[CodeableConcept], Field(max_length=1)]
    who: Named


class Source(Strict):
    """Through which door it came in."""

    source: Uri


class Provenance(Strict):
    """https://hl7.org/fhir/R4/provenance.html: written by the server with every version."""

    resourceType: Literal["Provenance"]  # noqa: N815
    id: Id
    meta: Source
    target: Annotated[list[VersionedReference], Field(min_length=1, max_length=1)]
    recorded: Instant
    activity: CodeableConcept
    agent: Annotated[list[Agent], Field(min_length=1, max_length=1)]


class SlotResource(Strict):
    """https://hl7.org/fhir/R4/slot.html; the schedule is the practitioner's."""

    resourceType: Literal["Slot"]  # noqa: N815
    id: Id
    schedule: Named
    status: Literal["free", "busy"]
    start: Instant
    end: Instant


class PatientActor(Strict):
    """The patient of an Appointment."""

    actor: Reference
    status: Literal["accepted"]


class PractitionerActor(Strict):
    """The practitioner of an Appointment."""

    actor: Named
    status: Literal["accepted"]


class AppointmentResource(Strict):
    """https://hl7.org/fhir/R4/appointment.html: one patient has one slot."""

    resourceType: Literal["Appointment"]  # noqa: N815
    id: Id
    status: Literal["booked"]
    slot: Annotated[list[Reference], Field(min_length=1, max_length=1)]
    start: Instant
    end: Instant
    participant: Annotated[list[PatientActor | PractitionerActor], Field(min_length=2)]


class SlotReference(Strict):
    """A link to a Slot."""

    reference: Annotated[str, Field(pattern=r"^Slot/[A-Za-z0-9\-.]{1,64}$")]


class PatientReference(Strict):
    """A link to a Patient."""

    reference: Annotated[str, Field(pattern=r"^Patient/[A-Za-z0-9\-.]{1,64}$")]


class Attendance(Strict):
    """Who is to come."""

    actor: PatientReference
    status: Literal["accepted"]


class AppointmentBooking(Strict):
    """A slot that is wanted, as an Appointment; times and practitioner are the slot's."""

    resourceType: Literal["Appointment"]  # noqa: N815
    id: Id = absent()
    status: Literal["booked"]
    slot: Annotated[list[SlotReference], Field(min_length=1, max_length=1)]
    participant: Annotated[list[Attendance], Field(min_length=1, max_length=1)]
