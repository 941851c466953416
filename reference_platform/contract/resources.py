"""The FHIR R4 resources that the platform keeps.

Structure and required code bindings follow https://hl7.org/fhir/R4/resourcelist.html. Besides,
a Patient has a name, and everything else is about a patient, as US Core asks.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from reference_platform.contract.datatypes import (
    Address,
    Annotation,
    CodeableConcept,
    Coding,
    Communication,
    Component,
    ContactPoint,
    Dosage,
    EncounterLocation,
    Extension,
    HumanName,
    Identifier,
    Meta,
    Narrative,
    Participant,
    PatientLink,
    Period,
    Provision,
    Quantity,
    Reaction,
    Reference,
    ReferenceRange,
    Several,
    StatusPeriod,
)
from reference_platform.contract.primitives import (
    WHOLE,
    Date,
    DateTime,
    Id,
    Instant,
    Line,
    Strict,
    absent,
)


class Resource(Strict):
    """What all resources share. A client's `id` is replaced by the server's."""

    model_config = ConfigDict(populate_by_name=False)

    id: Id = absent()
    meta: Meta = absent()
    text: Narrative = absent()
    extension: Several[Extension] = absent()
    identifier: Several[Identifier] = absent()


class Patient(Resource):
    """https://hl7.org/fhir/R4/patient.html."""

    resourceType: Literal["Patient"]  # noqa: N815
    active: bool = absent()
    name: Several[HumanName]
    telecom: Several[ContactPoint] = absent()
    gender: Literal["male", "female", "other", "unknown"] = absent()
    birthDate: Date = absent()  # noqa: N815
    deceasedBoolean: bool = absent()  # noqa: N815
    address: Several[Address] = absent()
    maritalStatus: CodeableConcept = absent()  # noqa: N815
    communication: Several[Communication] = absent()
    generalPractitioner: Several[Reference] = absent()  # noqa: N815
    managingOrganization: Reference = absent()  # noqa: N815
    link: Several[PatientLink] = absent()


class Observation(Resource):
    """https://hl7.org/fhir/R4/observation.html."""

    resourceType: Literal["Observation"]  # noqa: N815
    status: Literal[
        "registered", "preliminary", "final", "amended", "corrected", "cancelled",
        "entered-in-error", "unknown",
    ]  # fmt: skip
    category: Several[CodeableConcept] = absent()
    code: CodeableConcept
    subject: Reference
    encounter: Reference = absent()
    effectiveDateTime: DateTime = absent()  # noqa: N815
    effectivePeriod: Period = absent()  # noqa: N815
    issued: Instant = absent()
    performer: Several[Reference] = absent()
    valueQuantity: Quantity = absent()  # noqa: N815
    valueCodeableConcept: CodeableConcept = absent()  # noqa: N815
    valueString: Line = absent()  # noqa: N815
    valueBoolean: bool = absent()  # noqa: N815
    valueInteger: Annotated[int, Field(ge=-(2**31), lt=2**31), WHOLE] = absent()  # noqa: N815
    dataAbsentReason: CodeableConcept = absent()  # noqa: N815
    interpretation: Several[CodeableConcept] = absent()
    note: Several[Annotation] = absent()
    bodySite: CodeableConcept = absent()  # noqa: N815
    method: CodeableConcept = absent()
    referenceRange: Several[ReferenceRange] = absent()  # noqa: N815
    component: Several[Component] = absent()


class AllergyIntolerance(Resource):
    """https://hl7.org/fhir/R4/allergyintolerance.html."""

    resourceType: Literal["AllergyIntolerance"]  # noqa: N815
    clinicalStatus: CodeableConcept = absent()  # noqa: N815
    verificationStatus: CodeableConcept = absent()  # noqa: N815
    type: Literal["allergy", "intolerance"] = absent()
    category: Several[Literal["food", "medication", "environment", "biologic"]] = absent()
    criticality: Literal["low", "high", "unable-to-assess"] = absent()
    code: CodeableConcept
    patient: Reference
    encounter: Reference = absent()
    onsetDateTime: DateTime = absent()  # noqa: N815
    recordedDate: DateTime = absent()  # noqa: N815
    recorder: Reference = absent()
    lastOccurrence: DateTime = absent()  # noqa: N815
    note: Several[Annotation] = absent()
    reaction: Several[Reaction] = absent()


class Encounter(Resource):
    """https://hl7.org/fhir/R4/encounter.html."""

    resourceType: Literal["Encounter"]  # noqa: N815
    status: Literal[
        "planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled",
        "entered-in-error", "unknown",
    ]  # fmt: skip
    statusHistory: Several[StatusPeriod] = absent()  # noqa: N815
    class_: Coding = Field(alias="class")
    type: Several[CodeableConcept] = absent()
    serviceType: CodeableConcept = absent()  # noqa: N815
    priority: CodeableConcept = absent()
    subject: Reference
    participant: Several[Participant] = absent()
    period: Period = absent()
    reasonCode: Several[CodeableConcept] = absent()  # noqa: N815
    location: Several[EncounterLocation] = absent()
    serviceProvider: Reference = absent()  # noqa: N815
    partOf: Reference = absent()  # noqa: N815


class Condition(Resource):
    """https://hl7.org/fhir/R4/condition.html."""

    resourceType: Literal["Condition"]  # noqa: N815
    clinicalStatus: CodeableConcept = absent()  # noqa: N815
    verificationStatus: CodeableConcept = absent()  # noqa: N815
    category: Several[CodeableConcept] = absent()
    severity: CodeableConcept = absent()
    code: CodeableConcept
    bodySite: Several[CodeableConcept] = absent()  # noqa: N815
    subject: Reference
    encounter: Reference = absent()
    onsetDateTime: DateTime = absent()  # noqa: N815
    abatementDateTime: DateTime = absent()  # noqa: N815
    recordedDate: DateTime = absent()  # noqa: N815
    recorder: Reference = absent()
    asserter: Reference = absent()
    note: Several[Annotation] = absent()


class MedicationRequest(Resource):
    """https://hl7.org/fhir/R4/medicationrequest.html."""

    resourceType: Literal["MedicationRequest"]  # noqa: N815
    status: Literal[
        "active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft",
        "unknown",
    ]  # fmt: skip
    intent: Literal[
        "proposal", "plan", "order", "original-order", "reflex-order", "filler-order",
        "instance-order", "option",
    ]  # fmt: skip
    category: Several[CodeableConcept] = absent()
    priority: Literal["routine", "urgent", "asap", "stat"] = absent()
    doNotPerform: bool = absent()  # noqa: N815
    medicationCodeableConcept: CodeableConcept  # noqa: N815
    subject: Reference
    encounter: Reference = absent()
    authoredOn: DateTime = absent()  # noqa: N815
    requester: Reference = absent()
    reasonCode: Several[CodeableConcept] = absent()  # noqa: N815
    note: Several[Annotation] = absent()
    dosageInstruction: Several[Dosage] = absent()  # noqa: N815


class Consent(Resource):
    """https://hl7.org/fhir/R4/consent.html, with a policy rule (invariant ppc-1)."""

    resourceType: Literal["Consent"]  # noqa: N815
    status: Literal["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"]
    scope: CodeableConcept
    category: Several[CodeableConcept]
    patient: Reference
    dateTime: DateTime = absent()  # noqa: N815
    performer: Several[Reference] = absent()
    organization: Several[Reference] = absent()
    policyRule: CodeableConcept  # noqa: N815
    provision: Provision = absent()


RESOURCES: dict[str, type[Resource]] = {
    "Patient": Patient,
    "Observation": Observation,
    "AllergyIntolerance": AllergyIntolerance,
    "Encounter": Encounter,
    "Condition": Condition,
    "MedicationRequest": MedicationRequest,
    "Consent": Consent,
}
"""What clients create, and records keeps."""
