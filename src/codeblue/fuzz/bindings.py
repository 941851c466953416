"""Lets generated requests name patients that exist, so that they reach beyond a 404."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from codeblue.fuzz.references import Document, resolve

_METHODS = ("get", "put", "post", "delete", "patch")
_PATIENT_NAMES = frozenset({"patient", "patient_id", "patientid", "patients"})
_SUBJECT_NAMES = frozenset({"patient", "subject"})
_IDS = "patient-ids"
_REFERENCES = "patient-references"
# Most requests name a patient who exists; the rest must meet an orderly 404.
_PROBABILITY = 0.9


def dictionaries(patients: Sequence[str]) -> dict[str, Any]:
    """The ``dictionaries`` section of a Schemathesis configuration."""
    return {
        _IDS: {"values": list(patients)},
        _REFERENCES: {"values": [f"Patient/{patient}" for patient in patients]},
    }


def operations(document: Document) -> list[dict[str, Any]]:
    """The ``operations`` section: which parameters of which operations mean a patient.

    A path parameter means one when it follows a segment such as ``patients`` or ``Patient``, or a
    parameter that may be ``Patient``; any parameter or body field does when it is named so.
    """
    bound = []
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                parameters = dict(_bind(document, path, item, item[method]))
                if parameters:
                    # By name: a path and a method would each match alone.
                    name = f"{method.upper()} {path}"
                    bound.append({"include-name": name, "parameters": parameters})
    return bound


def _bind(
    document: Document, path: str, item: Document, operation: Document
) -> Iterator[tuple[str, Any]]:
    parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
    resolved = [resolve(document, parameter) for parameter in parameters]
    for parameter in resolved:
        name, location = str(parameter.get("name")), parameter.get("in")
        if location == "path" and _follows_patient(path, name, resolved):
            yield f"path.{name}", _drawn_from(_IDS)
        elif location in ("path", "query") and name.lower() in _PATIENT_NAMES:
            yield f"{location}.{name}", _drawn_from(_IDS)
    yield from _bind_body(document, operation)


def _bind_body(document: Document, operation: Document) -> Iterator[tuple[str, Any]]:
    content = resolve(document, operation.get("requestBody", {})).get("content", {})
    for media_type, entry in content.items():
        if "json" not in media_type:
            continue
        schema = resolve(document, entry.get("schema", {}))
        for name, field in schema.get("properties", {}).items():
            nested = resolve(document, field).get("properties", {})
            if name in _SUBJECT_NAMES and "reference" in nested:
                yield f"body.{name}.reference", _drawn_from(_REFERENCES)
            elif name.lower() in _PATIENT_NAMES and not nested:
                yield f"body.{name}", _drawn_from(_IDS)


def _follows_patient(path: str, name: str, parameters: Sequence[Document]) -> bool:
    before = re.search(rf"/([^/]+)/\{{{re.escape(name)}\}}", path)
    if before is None:
        return False
    if before[1].lower() in _PATIENT_NAMES:
        return True
    choices = (p for p in parameters if f"{{{p.get('name')}}}" == before[1])
    return any("Patient" in choice.get("schema", {}).get("enum", ()) for choice in choices)


def _drawn_from(dictionary: str) -> dict[str, Any]:
    return {"dictionary": dictionary, "probability": _PROBABILITY}
