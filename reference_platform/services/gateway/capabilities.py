"""The FHIR CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html)."""

from __future__ import annotations

import orjson

from reference_platform.contract.resources import RESOURCES
from reference_platform.contract.schema import query_parameters
from reference_platform.services.gateway.operations import OPERATIONS

_INTERACTIONS = ("create", "read", "update", "search-type")


def capability_statement() -> bytes:
    """What this server can do, as JSON."""
    rest = {
        "mode": "server",
        "resource": [_resource(kind) for kind in RESOURCES],
        "interaction": [{"code": "transaction"}],
    }
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01T00:00:00Z",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [rest],
    }
    return orjson.dumps(statement)


def _resource(kind: str) -> dict[str, object]:
    search = next(operation for operation in OPERATIONS if operation.id == f"search{kind}")
    names = [each["name"] for each in query_parameters(search.query)] if search.query else []
    return {
        "type": kind,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "updateCreate": False,
        "searchParam": [
            {"name": name, "type": "reference" if name == "patient" else "token"}
            for name in names
            if not name.startswith("_")
        ],
    }
