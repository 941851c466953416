"""FHIR R4 general-purpose datatypes (https://hl7.org/fhir/R4/datatypes.html), as far as used."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field

from reference_platform.contract.primitives import (
    WHOLE,
    Code,
    DateTime,
    Decimal,
    Element,
    Id,
    Instant,
    Line,
    Paragraph,
    ReferenceText,
    Uri,
    absent,
)

_T = TypeVar("_T")
Several = Annotated[list[_T], Field(min_length=1, max_length=50)]
"""FHIR forbids an empty array."""


class Coding(Element):
    """A code of a code system."""

    system: Uri = absent()
    version: Line = absent()
    code: Code = absent()
    display: Line = absent()
    userSelected: bool = absent()  # noqa: N815


class CodeableConcept(Element):
    """A concept by codes, by text, or both."""

    coding: Several[Coding] = absent()
    text: Line = absent()


class Period(Element):
    """From, to."""

    start: DateTime = absent()
    end: DateTime = absent()


class Reference(Element):
    """A link to another resource, relative or, in a transaction, by `urn:uuid:`."""

    reference: ReferenceText
    type: Code = absent()
    display: Line = absent()


class SimpleExtension(Element):
    """An extension with a value, and none inside."""

    url: Uri
    valueString: Line = absent()  # noqa: N815
    valueCode: Code = absent()  # noqa: N815
    valueBoolean: bool = absent()  # noqa: N815
    valueCoding: Coding = absent()  # noqa: N815
    valueDateTime: DateTime = absent()  # noqa: N815


class Extension(SimpleExtension):
    """An extension with a value, or with parts, as US Core's race and ethnicity."""

    extension: Several[SimpleExtension] = absent()


class Identifier(Element):
    """A business identifier, such as a medical record number."""

    use: Literal["usual", "official", "temp", "secondary", "old"] = absent()
    type: CodeableConcept = absent()
    system: Uri = absent()
    value: Line
    period: Period = absent()


class HumanName(Element):
    """A person's name."""

    use: Literal["usual", "official", "temp", "nickname", "anonymous", "old", "maiden"] = absent()
    text: Line = absent()
    family: Line = absent()
    given: Several[Line] = absent()
    prefix: Several[Line] = absent()
    suffix: Several[Line] = absent()
    period: Period = absent()


class ContactPoint(Element):
    """A telephone number, an e-mail address."""

    system: Literal["phone", "fax", "email", "pager", "url", "sms", "other"] = absent()
    value: Line = absent()
    use: Literal["home", "work", "temp", "old", "mobile"] = absent()
    rank: Annotated[int, Field(ge=1, le=1000), WHOLE] = absent()
    period: Period = absent()


class Address(Element):
    """A postal address."""

    extension: Several[Extension] = absent()
    use: Literal["home", "work", "temp", "old", "billing"] = absent()
    type: Literal["postal", "physical", "both"] = absent()
    text: Line = absent()
    line: Several[Line] = absent()
    city: Line = absent()
    district: Line = absent()
    state: Line = absent()
    postalCode: Line = absent()  # noqa: N815
    country: Line = absent()
    period: Period = absent()


class Quantity(Element):
    """A measured amount."""

    value: Decimal = absent()
    comparator: Literal["<", "<=", ">=", ">"] = absent()
    unit: Line = absent()
    system: Uri = absent()
    code: Code = absent()


class Annotation(Element):
    """A note."""

    authorString: Line = absent()  # noqa: N815
    time: DateTime = absent()
    text: Paragraph


class Narrative(Element):
    """The resource for human eyes, as XHTML."""

    status: Literal["generated", "extensions", "additional", "empty"]
    div: Paragraph


class Meta(Element):
    """About the resource; version and time are the server's, whatever a client sends."""

    versionId: Id = absent()  # noqa: N815
    lastUpdated: Instant = absent()  # noqa: N815
    source: Uri = absent()
    profile: Several[Uri] = absent()
    security: Several[Coding] = absent()
    tag: Several[Coding] = absent()


class Communication(Element):
    """A language in which one may talk with the patient."""

    language: CodeableConcept
    preferred: bool = absent()


class PatientLink(Element):
    """Another Patient resource about the same person."""

    other: Reference
    type: Literal["replaced-by", "replaces", "refer", "seealso"]


class ReferenceRange(Element):
    """What is normal."""

    low: Quantity = absent()
    high: Quantity = absent()
    type: CodeableConcept = absent()
    text: Line = absent()


class StatusPeriod(Element):
    """A former status of an Encounter."""

    status: Literal[
        "planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled",
        "entered-in-error", "unknown",
    ]  # fmt: skip
    period: Period


class EncounterLocation(Element):
    """Where the patient was."""

    location: Reference
    status: Literal["planned", "active", "reserved", "completed"] = absent()
    period: Period = absent()


class Participant(Element):
    """Who took part in an Encounter."""

    type: Several[CodeableConcept] = absent()
    period: Period = absent()
    individual: Reference = absent()


class Reaction(Element):
    """What the substance did."""

    substance: CodeableConcept = absent()
    manifestation: Several[CodeableConcept]
    description: Line = absent()
    onset: DateTime = absent()
    severity: Literal["mild", "moderate", "severe"] = absent()


class Component(Element):
    """One of several results of an Observation, such as the systolic blood pressure."""

    code: CodeableConcept
    valueQuantity: Quantity = absent()  # noqa: N815
    valueCodeableConcept: CodeableConcept = absent()  # noqa: N815
    valueString: Line = absent()  # noqa: N815
    dataAbsentReason: CodeableConcept = absent()  # noqa: N815
    interpretation: Several[CodeableConcept] = absent()
    referenceRange: Several[ReferenceRange] = absent()  # noqa: N815


class Dosage(Element):
    """How a medication is taken."""

    text: Line = absent()
    patientInstruction: Line = absent()  # noqa: N815
    asNeededBoolean: bool = absent()  # noqa: N815
    route: CodeableConcept = absent()


class ProvisionActor(Element):
    """Whom a provision of a Consent is about."""

    role: CodeableConcept
    reference: Reference


class Provision(Element):
    """What a Consent permits or denies."""

    type: Literal["deny", "permit"] = absent()
    period: Period = absent()
    actor: Several[ProvisionActor] = absent()
    action: Several[CodeableConcept] = absent()
    securityLabel: Several[Coding] = absent()  # noqa: N815
    purpose: Several[Coding] = absent()
    class_: Annotated[list[Coding], Field(min_length=1, max_length=50, alias="class")] = absent()
    code: Several[CodeableConcept] = absent()
