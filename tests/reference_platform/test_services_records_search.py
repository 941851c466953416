from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from reference_platform.contract.resources import RESOURCES

from .conftest import Start, patient
from .samples import resource
from .test_services_records_versions import valid

ABOUT_PATIENTS = [kind for kind in RESOURCES if kind != "Patient"]
NARROWING: dict[str, list[tuple[str, str, str]]] = {
    "Observation": [
        ("code", "2708-6", "2708"),
        ("code", "http://loinc.org|59408-5", "http://snomed.info/sct|59408-5"),
        ("category", "vital-signs", "laboratory"),
        ("status", "final", "amended"),
        ("date", "2026-02-03", "2026-02-04"),
        ("date", "ge2026-02-03", "gt2026-02-03"),
        ("date", "lt2026-02-04", "lt2026-02-03"),
        ("date", "le2026-02-03", "le2026-02-02"),
    ],
    "AllergyIntolerance": [
        ("code", "91935009", "1"),
        ("category", "food", "medication"),
        ("clinical-status", "active", "resolved"),
        ("date", "2026-02-03", "2026-02-04"),
    ],
    "Encounter": [("status", "finished", "planned"), ("date", "2026-02-03", "2026-02-04")],
    "Condition": [
        ("code", "38341003", "1"),
        ("category", "problem-list-item", "encounter-diagnosis"),
        ("clinical-status", "active", "resolved"),
        ("onset-date", "2026-02-03", "2026-02-04"),
    ],
    "MedicationRequest": [
        ("code", "1191", "1"),
        ("intent", "order", "plan"),
        ("status", "active", "stopped"),
        ("authoredon", "2026-02-03", "2026-02-04"),
    ],
    "Consent": [
        ("category", "59284-0", "1"),
        ("status", "active", "rejected"),
        ("date", "2026-02-03", "2026-02-04"),
    ],
}


@pytest.fixture(params=["production", "pilot", "production-bounded_queries"])
def client(request: pytest.FixtureRequest, start: Start) -> Iterator[httpx.Client]:
    with start(request.param).client() as client:
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("kind", ABOUT_PATIENTS)
def test_what_belongs_to_a_patient_is_narrowed_down(client: httpx.Client, kind: str) -> None:
    known = patient(client)
    created = client.post(f"/v1/fhir/{kind}", json=resource(kind, known)).json()
    for name, right, wrong in [("_id", created["id"], "none"), *NARROWING[kind]]:
        query = {"patient": f"Patient/{known}", name: right}
        found = valid(client.get(f"/v1/fhir/{kind}", params=query))
        assert [each["resource"] for each in found["entry"]] == [created], (name, right)
        none = valid(client.get(f"/v1/fhir/{kind}", params=query | {name: wrong}))
        assert none["total"] == 0, (name, wrong)


@pytest.mark.slow
def test_both_ends_of_a_range_of_dates(client: httpx.Client) -> None:
    known = patient(client)
    for day in (1, 2, 3, 4):
        body = resource("Observation", known) | {"effectiveDateTime": f"2026-03-0{day}"}
        client.post("/v1/fhir/Observation", json=body)
    query: list[tuple[str, str | int | float | bool | None]] = [
        ("patient", known), ("date", "ge2026-03-02"), ("date", "lt2026-03-04"),
    ]  # fmt: skip
    found = client.get("/v1/fhir/Observation", params=query).json()
    days = [each["resource"]["effectiveDateTime"] for each in found["entry"]]
    assert days == ["2026-03-03", "2026-03-02"]


@pytest.mark.slow
def test_patients_by_demographics(client: httpx.Client) -> None:
    family = f"F{uuid4().hex}"
    for gender, born in (("female", "1950-01-01"), ("male", "1970-01-01")):
        person = {"gender": gender, "birthDate": born, "name": [{"family": family}]}
        client.post("/v1/fhir/Patient", json=resource("Patient", "") | person)
    for query, count in (
        ({"gender": "female"}, 1),
        ({"birthdate": "1970-01-01"}, 1),
        ({"birthdate": "gt1950-01-01"}, 1),
        ({"birthdate": "ge1950-01-01"}, 2),
        ({"gender": "male", "birthdate": "1950-01-01"}, 0),
    ):
        found = client.get("/v1/fhir/Patient", params={"family": family, **query})
        assert valid(found)["total"] == count, query


@pytest.mark.slow
def test_pages_hold_everything_once(client: httpx.Client) -> None:
    known = patient(client)
    made = [
        client.post("/v1/fhir/Observation", json=resource("Observation", known)).json()["id"]
        for _ in range(7)
    ]
    path: str | None = f"/v1/fhir/Observation?patient={known}&_count=3"
    seen: list[str] = []
    while path:
        bundle = valid(client.get(path))
        seen += [each["resource"]["id"] for each in bundle["entry"]]
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        assert sorted(links["self"].split("?")[1].split("&")) == sorted(
            path.split("?")[1].split("&")
        )
        path = links.get("next")
    assert seen == made[::-1]


@pytest.mark.slow
def test_a_search_that_no_index_serves_is_refused(start: Start) -> None:
    with start("production").client() as client:
        for query in ("code=1", "date=2026-01-01", "_cursor=é", "_cursor=AAAA", "_count=101"):
            assert client.get(f"/v1/fhir/Observation?{query}").status_code == 400, query
        for query in ("birthdate=2026-02-31", "birthdate=x", "gender=F"):
            assert client.get(f"/v1/fhir/Patient?{query}").status_code == 400, query


@pytest.mark.slow
def test_what_could_not_be_read_again_is_refused(start: Start) -> None:
    body = resource("Patient", "") | {"language": "a\0b"}
    with start("pilot").client() as client:
        answer = client.post("/v1/fhir/Patient", json=body)
        assert answer.status_code == 422
        assert "U+0000" in answer.text
        assert client.post("/v1/fhir/Patient", json=body | {"language": "\\u0000"}).is_success
