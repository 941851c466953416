"""What a FHIR resource says in the places that dirt can spoil, as the same texts that were sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

Path = tuple[str | int, ...]

_CODE: Path = ("code", "coding", 0, "code")
_SUBJECT: Path = ("subject", "reference")
_VALUE: Path = ("valueQuantity", "value")
_UNIT: Path = ("valueQuantity", "code")
_SERVICE: Path = (0, "coding", 0, "code")

FIELDS: dict[str, dict[str, Path]] = {
    "Patient": {
        "family": ("name", 0, "family"),
        "given": ("name", 0, "given", 0),
        "middle": ("name", 0, "given", 1),
        "gender": ("gender",),
        "birth_date": ("birthDate",),
        "street": ("address", 0, "line", 0),
        "city": ("address", 0, "city"),
    },
    "Observation": {
        "patient": _SUBJECT,
        "code": _CODE,
        "effective": ("effectiveDateTime",),
        "value": _VALUE,
        "ucum": _UNIT,
        "systolic": ("component", 0, *_VALUE),
        "diastolic": ("component", 1, *_VALUE),
    },
    "Condition": {"patient": _SUBJECT, "code": _CODE, "onset": ("onsetDateTime",)},
    "MedicationRequest": {
        "patient": _SUBJECT,
        "code": ("medicationCodeableConcept", "coding", 0, "code"),
        "authored": ("authoredOn",),
    },
    "AllergyIntolerance": {"patient": ("patient", "reference"), "code": _CODE},
    "Encounter": {
        "patient": _SUBJECT,
        "code": ("type", *_SERVICE),
        "start": ("period", "start"),
        "end": ("period", "end"),
    },
    "Appointment": {
        "patient": ("participant", 0, "actor", "reference"),
        "code": ("serviceType", *_SERVICE),
        "start": ("start",),
        "end": ("end",),
        "created": ("created",),
    },
}
"""Where each field of a resource stands; a Patient's record number is among the identifiers."""

Identifier = tuple[str, str]  # system, value


@dataclass(frozen=True, slots=True)
class Kept:
    """One record that the platform kept; ``links`` are the ids of Patients it is the same as."""

    id: str
    fields: Mapping[str, str]
    identifiers: tuple[Identifier, ...] = ()
    links: tuple[str, ...] = field(default=())


def kept_resource(resource: Mapping[str, Any]) -> Kept:
    """A resource of one of the types in ``FIELDS``."""
    paths = FIELDS[str(resource["resourceType"])]
    found = {name: text(_at(resource, path)) for name, path in paths.items()}
    if "patient" in found:
        found["patient"] = found["patient"].rpartition("/")[2].removeprefix("urn:uuid:")
    return Kept(
        id=text(resource.get("id")),
        fields=found,
        identifiers=tuple(_identifiers(resource)),
        links=tuple(_links(resource)),
    )


def _identifiers(resource: Mapping[str, Any]) -> Iterator[Identifier]:
    for identifier in resource.get("identifier") or ():
        if identifier.get("value"):
            yield text(identifier.get("system")), text(identifier["value"])


def _links(resource: Mapping[str, Any]) -> Iterator[str]:
    for link in resource.get("link") or ():
        # FHIR R4 Patient.link.type; "refer" too says that both are about the same person.
        if target := text(_at(link, ("other", "reference"))):
            yield target.rpartition("/")[2]


def _at(tree: Any, path: Path) -> Any:
    for step in path:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def text(value: Any) -> str:
    """A value as text; equal texts, of which there are many, share their memory."""
    return "" if value is None else intern(str(value))
