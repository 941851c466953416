"""The FHIR CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html).

Nothing in it is written by hand: it is what the table of operations says of the FHIR paths.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from reference_platform.contract.schema import query_parameters
from reference_platform.services.gateway.operations import OPERATIONS, Operation

_PATH = re.compile(r"/v\d+/fhir/(?P<kind>[A-Z]\w*)(?P<rest>/.*)?")
_INTERACTIONS = {
    ("GET", ""): "search-type",
    ("POST", ""): "create",
    ("GET", "/{id}"): "read",
    ("PUT", "/{id}"): "update",
    ("DELETE", "/{id}"): "delete",
    ("GET", "/{id}/_history"): "history-instance",
    ("GET", "/{id}/_history/{version}"): "vread",
}
_REFERENCES = {"patient", "target", "slot", "subject"}
_STRINGS = {"family"}
_DATES = {"date", "birthdate", "onset-date", "authoredon"}
_NAME = "Reference platform"
_IN_TEST_MODE = f"{_NAME}, in test mode: its clock may be ahead of the time (/v1/clock)"

Interactions = dict[str, Operation]


def capability_statement(
    operations: Sequence[Operation] = OPERATIONS, *, movable_clock: bool
) -> bytes:
    """What this server can do, as JSON; that a test may move its clock, it says too."""
    kinds: dict[str, Interactions] = {}
    for operation in operations:
        if (named := interaction(operation)) is not None:
            kinds.setdefault(named[0], {})[named[1]] = operation
    rest = {
        "mode": "server",
        "resource": [_resource(kind, offered) for kind, offered in kinds.items()],
        "interaction": [{"code": "transaction"}],
    }
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01T00:00:00Z",
        "kind": "instance",
        "implementation": {"description": _IN_TEST_MODE if movable_clock else _NAME},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [rest],
    }
    return orjson.dumps(statement)


def interaction(operation: Operation) -> tuple[str, str] | None:
    """Resource type and FHIR interaction of an operation; None when it is not one of a type."""
    match = _PATH.fullmatch(operation.path)
    if match is None:
        return None
    code = _INTERACTIONS.get((operation.method, match["rest"] or ""))
    return (match["kind"], code) if code else None


def _resource(kind: str, offered: Interactions) -> dict[str, Any]:
    described: dict[str, Any] = {
        "type": kind,
        "interaction": [{"code": code} for code in offered],
        "versioning": _versioning(offered),
        "readHistory": "vread" in offered,
        "updateCreate": False,
        "conditionalCreate": "create" in offered and offered["create"].if_none_exist,
        "conditionalRead": _conditional_read(offered),
    }
    if "search-type" in offered:
        described["searchParam"] = _search_parameters(offered["search-type"])
    return described


def _versioning(offered: Interactions) -> str:
    """Whether an update must, or can, name the version that it replaces."""
    if "update" not in offered:
        return "versioned" if "vread" in offered else "no-version"
    return "versioned-update" if offered["update"].if_match else "versioned"


def _conditional_read(offered: Interactions) -> str:
    conditional = "read" in offered and offered["read"].if_none_match
    return "not-match" if conditional else "not-supported"


def _search_parameters(search: Operation) -> list[dict[str, str]]:
    """Besides paging, which is no parameter of a resource."""
    names = [each["name"] for each in query_parameters(search.query)] if search.query else []
    return [
        {"name": name, "type": _type(name)} for name in names if name not in ("_count", "_cursor")
    ]


def _type(name: str) -> str:
    for kind, names in (("reference", _REFERENCES), ("string", _STRINGS), ("date", _DATES)):
        if name in names:
            return kind
    return "token"
