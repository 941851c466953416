from __future__ import annotations

from typing import Any

import httpx
import jsonschema_rs
import pytest

from reference_platform.services.gateway.capabilities import capability_statement
from reference_platform.services.gateway.openapi import document
from reference_platform.services.gateway.operations import OPERATIONS

from .conftest import Start, patient, slot

DOCUMENT = document()


def schema_of(answer: httpx.Response, method: str, path: str) -> dict[str, Any]:
    """The published schema of this answer; KeyError when its status is not published."""
    operation = DOCUMENT["paths"][path][method.lower()]
    content = operation["responses"][str(answer.status_code)]["content"]
    return {**content["application/json"]["schema"], "components": DOCUMENT["components"]}


def test_every_operation_is_described_once() -> None:
    described = [
        operation["operationId"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
    ]
    assert sorted(described) == sorted(operation.id for operation in OPERATIONS)
    assert len(set(described)) == len(described)


def test_every_reference_leads_somewhere() -> None:
    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for inner in value.values() for each in references(inner)]
        if isinstance(value, list):
            return [each for inner in value for each in references(inner)]
        return []

    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(references(DOCUMENT)) <= known
    assert b"CapabilityStatement" in capability_statement()


def test_optional_fields_are_never_null() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            assert field.get("type") != "null"
            assert "default" not in field


def test_bounds_are_published() -> None:
    quantity = DOCUMENT["components"]["schemas"]["OrderRequest"]["properties"]["quantity"]
    assert (quantity["type"], quantity["minimum"], quantity["maximum"]) == ("integer", 1, 1000)


@pytest.mark.slow
def test_answers_are_as_published(start: Start) -> None:
    with start("production").client() as client:
        known, free = patient(client), slot(client)
        for method, path, place, body in [
            ("GET", "/v1/fhir/metadata", "/v1/fhir/metadata", None),
            ("GET", "/v1/fhir/Patient", "/v1/fhir/Patient", None),
            ("GET", "/v1/fhir/Patient/{id}", f"/v1/fhir/Patient/{known}", None),
            ("GET", "/v1/fhir/Patient/{id}", "/v1/fhir/Patient/none", None),
            ("PUT", "/v1/fhir/Patient/{id}", f"/v1/fhir/Patient/{known}", {}),
            ("GET", "/v1/patients/{id}/chart", f"/v1/patients/{known}/chart", None),
            ("GET", "/v1/patients/{id}/allergies", f"/v1/patients/{known}/allergies", None),
            ("GET", "/v1/slots", "/v1/slots", None),
            ("GET", "/v1/orders", f"/v1/orders?patient={known}", None),
            ("GET", "/v1/orders", "/v1/orders", None),
            ("POST", "/v1/appointments", "/v1/appointments", {"slot": free, "patient": known}),
            ("POST", "/v1/appointments", "/v1/appointments", {"slot": free, "patient": known}),
            ("GET", "/v1/appointments", f"/v1/appointments?slot={free}", None),
            ("GET", "/v1/visits/{visit}", "/v1/visits/none", None),
        ]:
            answer = client.request(method, place, json=body)
            jsonschema_rs.validate(schema_of(answer, method, path), answer.json())
