from __future__ import annotations

from typing import Any

import pytest

from codeblue.fuzz.bindings import dictionaries, operations

IDS = {"dictionary": "patient-ids", "probability": 0.9}
REFERENCES = {"dictionary": "patient-references", "probability": 0.9}


def path_parameter(name: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", **schema}}


def query_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}}


def body(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {"requestBody": {"content": {media_type: {"schema": schema}}}}


def bound(path: str, operation: dict[str, Any], **document: Any) -> dict[str, Any]:
    found = operations({"paths": {path: {"post": operation}}, **document})
    if not found:
        return {}
    (entry,) = found
    assert entry["include-name"] == f"POST {path}"
    parameters: dict[str, Any] = entry["parameters"]
    return parameters


@pytest.mark.parametrize(
    ("path", "parameters", "expected"),
    [
        ("/patients/{id}/chart", [path_parameter("id")], {"path.id": IDS}),
        ("/fhir/Patient/{id}", [path_parameter("id")], {"path.id": IDS}),
        ("/charts/{patient_id}", [path_parameter("patient_id")], {"path.patient_id": IDS}),
        ("/slots/{id}", [path_parameter("id")], {}),
        (
            "/fhir/{kind}/{id}",
            [path_parameter("kind", enum=["Patient", "Encounter"]), path_parameter("id")],
            {"path.id": IDS},
        ),
        ("/fhir/{kind}/{id}", [path_parameter("kind"), path_parameter("id")], {}),
        ("/orders", [query_parameter("patient")], {"query.patient": IDS}),
        ("/orders", [query_parameter("code")], {}),
    ],
)
def test_parameters_that_mean_a_patient(
    path: str, parameters: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    assert bound(path, {"parameters": parameters}) == expected


def test_body_fields_that_mean_a_patient() -> None:
    order = {"type": "object", "properties": {"patient": {"type": "string"}, "code": {}}}
    assert bound("/orders", body(order)) == {"body.patient": IDS}
    assert bound("/orders", body(order, "text/plain")) == {}


def test_fhir_references_through_schema_references() -> None:
    schemas = {
        "Observation": {"properties": {"subject": {"allOf": [{"$ref": "#/components/schemas/R"}]}}},
        "R": {"properties": {"reference": {"type": "string"}}},
    }
    operation = body({"$ref": "#/components/schemas/Observation"}, "application/fhir+json")
    found = bound("/fhir/Observation", operation, components={"schemas": schemas})
    assert found == {"body.subject.reference": REFERENCES}


def test_dictionaries_hold_the_ids_and_the_references() -> None:
    assert dictionaries(["p1"]) == {
        "patient-ids": {"values": ["p1"]},
        "patient-references": {"values": ["Patient/p1"]},
    }
