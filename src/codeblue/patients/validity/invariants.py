"""Checks of parsed FHIR R4 resources: rules that validators of structure miss.

``fhir.resources`` misses all of them. ``pyfhircheck`` knows most required bindings, some types of
references and empty lists, and misses obs-6, pat-1, the subject of an Observation, the class of an
Encounter and the check digits of LOINC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from codeblue.patients.institutions import LOINC
from codeblue.patients.validity import is_loinc
from codeblue.patients.validity.value_sets import REQUIRED, SUBJECTS

_REFERENCE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/.+)?")
_CONTACT = ("name", "telecom", "address", "organization")


def broken(resource: dict[str, Any]) -> list[str]:
    """The rules that a resource breaks, each with the element that breaks it."""
    kind = resource.get("resourceType", "")
    return [
        *_bindings(resource, kind),
        *_references(resource, kind),
        *_invariants(resource, kind),
        *_loinc(resource),
        *_empty(resource, kind),
    ]


def _bindings(resource: dict[str, Any], kind: str) -> Iterator[str]:
    for path, codes in REQUIRED.get(kind, {}).items():
        for code in _values(resource, path.split(".")):
            if code not in codes:
                yield f"required binding: {kind}.{path} is {code!r}"


def _references(resource: dict[str, Any], kind: str) -> Iterator[str]:
    for path, allowed in SUBJECTS.get(kind, {}).items():
        for text in _values(resource, [*path.split("."), "reference"]):
            found = _REFERENCE.fullmatch(text)
            if found and found[1] not in allowed:
                yield f"reference type: {kind}.{path} is {text!r}"


def _invariants(resource: dict[str, Any], kind: str) -> Iterator[str]:
    """Those of https://hl7.org/fhir/R4/observation.html and patient.html."""
    if kind == "Observation":
        valued = any(name.startswith("value") for name in resource)
        if valued and "dataAbsentReason" in resource:
            yield "obs-6: Observation has a value and a reason why it has none"
        codes = _codings(resource.get("code", {}))
        parts = [
            c for each in resource.get("component", ()) for c in _codings(each.get("code", {}))
        ]
        if valued and any(code in codes for code in parts):
            yield "obs-7: Observation has a value, and a component of its own code"
    if kind == "Patient":
        for contact in resource.get("contact", ()):
            if not any(name in contact for name in _CONTACT):
                yield "pat-1: Patient.contact has neither details nor an organization"


def _loinc(node: Any) -> Iterator[str]:
    match node:
        case {"system": system, "code": str(code)} if system == LOINC:
            if not is_loinc(np.array([code.encode() or b"-"]))[0]:
                yield f"LOINC check digit: {code}"
        case dict():
            yield from (text for child in node.values() for text in _loinc(child))
        case list():
            yield from (text for child in node for text in _loinc(child))


def _empty(node: Any, path: str) -> Iterator[str]:
    """FHIR has no empty elements (ele-1), texts or lists."""
    if node in ("", [], {}) or node is None:
        yield f"empty: {path}"
    elif isinstance(node, dict):
        yield from (
            text for name, child in node.items() for text in _empty(child, f"{path}.{name}")
        )
    elif isinstance(node, list):
        yield from (text for child in node for text in _empty(child, path))


def _codings(concept: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(each.get("system"), each.get("code")) for each in concept.get("coding", ())]


def _values(node: Any, path: list[str]) -> Iterator[Any]:
    """What stands at a path, in every place of the lists on the way."""
    if isinstance(node, list):
        yield from (value for child in node for value in _values(child, path))
    elif not path:
        yield node
    elif isinstance(node, dict) and path[0] in node:
        yield from _values(node[path[0]], path[1:])
