"""Whom a resource is about (https://hl7.org/fhir/R4/compartmentdefinition-patient.html)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OPEN = frozenset({"Slot", "Schedule", "Practitioner", "Organization", "Location"})
"""Resource types that are about no patient."""


def patient_of(resource: Mapping[str, Any]) -> str | None:
    """The id of the patient that `resource` is about; None when it does not say so.

    Besides FHIR resources, the platform's own answers that have a member `patient`.
    """
    if resource.get("resourceType") == "Patient":
        return _text(resource.get("id"))
    for name in ("subject", "patient"):
        if (about := _reference(resource.get(name))) is not None:
            return about
    return _participant(resource.get("participant"))


def _participant(participants: object) -> str | None:
    """The first patient among the actors of an Appointment."""
    for each in participants if isinstance(participants, list) else []:
        actor = each.get("actor") if isinstance(each, dict) else None
        reference = actor.get("reference") if isinstance(actor, dict) else None
        if isinstance(reference, str) and reference.startswith("Patient/"):
            return reference.removeprefix("Patient/")
    return None


def _reference(link: object) -> str | None:
    reference = link.get("reference") if isinstance(link, dict) else link
    return reference.removeprefix("Patient/") if isinstance(reference, str) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def holds_token(element: object, token: str) -> bool:
    """Whether an element has the code `token`, `code` or `system|code`, as a token search has it.

    `element` is a code, a Coding, a CodeableConcept, or several of them.
    """
    if isinstance(element, list):
        return any(holds_token(each, token) for each in element)
    if isinstance(element, str):
        return element == token
    if not isinstance(element, dict):
        return False
    if "coding" in element:
        return holds_token(element["coding"], token)
    code = element.get("code")
    return token in (code, f"{element.get('system', '')}|{code}")
