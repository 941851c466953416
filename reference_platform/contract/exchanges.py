"""Requests and answers of the platform's own routes, their queries, and the OperationOutcome."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from reference_platform.contract.primitives import (
    WHOLE,
    Code,
    Id,
    Instant,
    Line,
    Strict,
    absent,
)
from reference_platform.contract.resources import Observation, Patient
from reference_platform.contract.searches import Query


class OrderRequest(Strict):
    """A medication or service to order."""

    patient: Id
    code: Code
    quantity: Annotated[int, Field(ge=1, le=1000), WHOLE]


class Order(OrderRequest):
    """An order that was placed."""

    id: Id


class Orders(Strict):
    """A patient's orders, oldest first, at most 1000."""

    orders: list[Order]


class SlotRequest(Strict):
    """A time at which a practitioner can see somebody."""

    practitioner: Line
    start: Instant
    end: Instant


class Slot(SlotRequest):
    """A slot, free or booked."""

    id: Id
    status: Literal["free", "booked"]


class Slots(Strict):
    """Slots, newest first, at most 200."""

    slots: list[Slot]


class AppointmentRequest(Strict):
    """Who is to have a slot."""

    slot: Id
    patient: Id


class Appointment(AppointmentRequest):
    """A booked slot."""

    id: Id


class Appointments(Strict):
    """The appointments of a slot, at most 100."""

    appointments: list[Appointment]


class AllergyRequest(Strict):
    """An allergy to add to a patient's list."""

    code: Code
    display: Line


class Allergy(Strict):
    """An allergy in a list or a chart; it has a code, a text, or both."""

    code: Code = absent()
    display: Line = absent()


class AllergyList(Strict):
    """A patient's allergy list, and how often it was changed."""

    allergies: list[Allergy]
    version: Annotated[int, Field(ge=0)]


class Chart(Strict):
    """A patient at a glance: age in years, the 20 latest observations, all allergies."""

    patient: Patient
    age: Annotated[int, Field(ge=-8000, le=10_000)] = absent()
    observations: Annotated[list[Observation], Field(max_length=20)]
    allergies: list[Allergy]


class EligibilityRequest(Strict):
    """Is this member insured with this payer?"""

    patient: Id
    payer: Code
    member: Line


class Eligibility(Strict):
    """The insurer's answer."""

    status: Literal["active", "inactive"]
    payer: Code
    member: Line


class LabRequest(Strict):
    """A laboratory test to request from the legacy EHR."""

    patient: Id
    code: Code


class LabAcknowledgement(Strict):
    """The EHR's acknowledgement (MSA-1), and the control id of our message (MSH-10)."""

    acknowledgement: Literal["AA"]
    control_id: Line


class Visit(Strict):
    """A stay as the ADT feed tells it."""

    visit: Line
    patient: str
    status: Literal["admitted", "discharged"]
    ward: str
    admissions: Annotated[int, Field(ge=0)]
    events: Annotated[int, Field(ge=0)]


class Issue(Strict):
    """One thing that is wrong."""

    severity: Literal["error"]
    code: Code
    diagnostics: str


class OperationOutcome(Strict):
    """https://hl7.org/fhir/R4/operationoutcome.html."""

    resourceType: Literal["OperationOutcome"]  # noqa: N815
    issue: Annotated[list[Issue], Field(min_length=1)]


class CapabilityStatement(Strict):
    """https://hl7.org/fhir/R4/capabilitystatement.html."""

    model_config = ConfigDict(extra="allow")

    resourceType: Literal["CapabilityStatement"]  # noqa: N815
    fhirVersion: Literal["4.0.1"]  # noqa: N815
    date: Instant = absent()
    rest: list[dict[str, Any]]


class OfPatient(Query):
    """Of one patient."""

    patient: Id


class OfSlot(Query):
    """Of one slot."""

    slot: Id


class SlotFilter(Query):
    """By status."""

    status: Literal["free", "booked"] = absent()
