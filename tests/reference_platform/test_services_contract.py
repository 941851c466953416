from __future__ import annotations

from typing import Any

import httpx
import jsonschema_rs
import orjson
import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from reference_platform.contract.resources import RESOURCES
from reference_platform.services.gateway.capabilities import capability_statement, interaction
from reference_platform.services.gateway.openapi import document
from reference_platform.services.gateway.operations import OPERATIONS

from .conftest import Start, patient, slot
from .samples import resource

DOCUMENT = document()
STATEMENT = orjson.loads(capability_statement(movable_clock=False))
DECLARED = {
    each["type"]: {interaction["code"] for interaction in each["interaction"]}
    for each in STATEMENT["rest"][0]["resource"]
}


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
    assert b"CapabilityStatement" in capability_statement(movable_clock=False)


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


# Requests of every interaction that FHIR R4 has for a type, and how one is seen to be served.
INTERACTIONS = {
    "search-type": ("GET", "/v1/fhir/{kind}"),
    "create": ("POST", "/v1/fhir/{kind}"),
    "read": ("GET", "/v1/fhir/{kind}/{id}"),
    "update": ("PUT", "/v1/fhir/{kind}/{id}"),
    "history-instance": ("GET", "/v1/fhir/{kind}/{id}/_history"),
    "vread": ("GET", "/v1/fhir/{kind}/{id}/_history/1"),
    "patch": ("PATCH", "/v1/fhir/{kind}/{id}"),
    "delete": ("DELETE", "/v1/fhir/{kind}/{id}"),
    "history-type": ("GET", "/v1/fhir/{kind}/_history"),
}
READERS = {"AuditEvent": "riverside-auditor"}
UNKNOWN_TYPES = {"Medication", "Procedure", "Immunization", "Schedule", "Bundle", "Device"}


def something(client: httpx.Client, kind: str) -> tuple[str, Any]:
    """The id of a resource of this type, and a body that creates or replaces one."""
    if kind in RESOURCES:
        body = resource(kind, patient(client))
        return client.post(f"/v1/fhir/{kind}", json=body).json()["id"], body
    if kind not in ("Slot", "Appointment"):
        found = client.get(f"/v1/fhir/{kind}").json()["entry"]
        return found[0]["resource"]["id"], {"resourceType": kind}
    known, free = patient(client), slot(client)
    booking = {
        "resourceType": "Appointment",
        "status": "booked",
        "slot": [{"reference": f"Slot/{free}"}],
        "participant": [{"actor": {"reference": f"Patient/{known}"}, "status": "accepted"}],
    }
    client.post("/v1/appointments", json={"slot": slot(client), "patient": known})
    found = client.get(f"/v1/fhir/{kind}").json()["entry"]
    return found[0]["resource"]["id"], booking


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(DECLARED.keys() | UNKNOWN_TYPES))
def test_what_is_declared_works_and_nothing_else_does(start: Start, kind: str) -> None:
    declared = DECLARED.get(kind, set())
    served = set()
    with start("production").client(READERS.get(kind, "riverside")) as client:
        known, body = something(client, kind) if declared else ("1", {"resourceType": kind})
        for code, (method, path) in INTERACTIONS.items():
            place = path.format(kind=kind, id=known)
            answer = client.request(method, place, json=body, headers={"If-Match": 'W/"1"'})
            if answer.status_code == 412:  # the update came first
                answer = client.request(method, place, headers={"If-Match": 'W/"2"'})
            if answer.is_success:
                served.add(code)
            else:
                assert answer.status_code in (404, 405), (code, answer.text)
    assert served == declared


def test_every_operation_on_a_type_is_declared() -> None:
    """Paths under /fhir that are no interaction of a type are only these."""
    others = {o.id for o in OPERATIONS if o.path.startswith("/v1/fhir") and not interaction(o)}
    assert others == {"capabilities", "transaction", "smartConfiguration"}


@pytest.mark.slow
def test_declared_search_parameters_are_taken(start: Start) -> None:
    samples = {"date": "2026-01-01", "birthdate": "2026-01-01", "onset-date": "2026-01-01"}
    samples |= {"authoredon": "2026-01-01", "gender": "male", "target": "Patient/1"}
    for each in STATEMENT["rest"][0]["resource"]:
        with start("production").client(READERS.get(each["type"], "riverside")) as client:
            for parameter in each.get("searchParam", []):
                name = parameter["name"]
                value = samples.get(name, "free" if each["type"] == "Slot" else "1")
                query = {name: value}
                if each["type"] in RESOURCES and each["type"] != "Patient":
                    query |= {"patient": "1"}
                answer = client.get(f"/v1/fhir/{each['type']}", params=query)
                assert answer.status_code == 200, (each["type"], name, answer.text)


def test_the_statement_is_one() -> None:
    CapabilityStatement.model_validate(STATEMENT)
    conditional = {e["type"] for e in STATEMENT["rest"][0]["resource"] if e["conditionalCreate"]}
    assert conditional == RESOURCES.keys()
