from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from reference_platform import profiles, services
from reference_platform.settings import Settings
from reference_platform.supervisor import PORTS as PORTS_OF_THE_PLATFORM

from .conftest import Start, patient, slot

PORTS = dict.fromkeys(
    [f"{name}_port" for name in PORTS_OF_THE_PLATFORM],
    1,
)


@pytest.mark.parametrize("name", services.NAMES)
def test_building_opens_nothing(name: str) -> None:
    settings = Settings.model_validate(PORTS)
    assert services.build(name, settings, profiles.parse("pilot")).title == name.replace(
        "replica", "gateway"
    )


@pytest.mark.slow
def test_health_metrics_and_the_way_in(start: Start) -> None:
    platform = start("production")
    with httpx.Client(base_url=platform.base_url) as nobody:
        assert nobody.get("/health/live").status_code == 200
        assert nobody.get("/health/ready").status_code == 200
        assert nobody.get("/v1/openapi.json").json()["openapi"].startswith("3.1")
        answer = nobody.get("/v1/orders", params={"patient": "x"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["resourceType"] == "OperationOutcome"
        metrics = nobody.get("/metrics").text
    assert 'platform_requests_in_flight{service="gateway"} 0.0' in metrics
    assert 'platform_requests_total{route="/v1/orders",service="gateway",status="401"}' in metrics


@pytest.mark.slow
def test_a_wrong_method_is_told_the_right_ones(start: Start) -> None:
    with start("production").client() as client:
        answer = client.patch("/v1/fhir/Patient/1")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT", "DELETE"}
        assert client.get("/v1/nothing").status_code == 404
        assert client.head("/v1/fhir/metadata").status_code == 200


@pytest.mark.slow
def test_a_resource_from_its_creation_to_a_search(start: Start) -> None:
    with start("production").client() as client:
        value = uuid4().hex
        resource = {
            "resourceType": "Patient",
            "id": "mine",
            "name": [{"family": f"Grün{value}"}],
            "identifier": [{"system": "urn:mrn", "value": value}],
        }
        created = client.post("/v1/fhir/Patient", json=resource)
        read = client.get(created.headers["Location"])
        assert created.headers["ETag"] == read.headers["ETag"] == 'W/"1"'
        assert read.json()["id"] != "mine"
        searches = ({"identifier": value}, {"identifier": f"urn:mrn|{value}"})
        for query in (*searches, {"family": f"GRÜN{value[:9]}"}):
            bundle = client.get("/v1/fhir/Patient", params=query).json()
            assert [entry["resource"]["id"] for entry in bundle["entry"]] == [read.json()["id"]]
        assert client.get("/v1/fhir/Patient", params={"identifier": "none"}).json()["total"] == 0


@pytest.mark.slow
def test_a_chart_shows_the_last_measurements_and_all_allergies(start: Start) -> None:
    with start("production").client() as client:
        known = patient(client)
        for value in range(22):
            observation = {
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": "pulse"},
                "subject": {"reference": f"Patient/{known}"},
                "valueQuantity": {"value": value},
            }
            assert client.post("/v1/fhir/Observation", json=observation).status_code == 201
        allergy = {
            "resourceType": "AllergyIntolerance",
            "code": {"text": "Nuts"},
            "patient": {"reference": f"Patient/{known}"},
        }
        client.post("/v1/fhir/AllergyIntolerance", json=allergy)
        client.post(f"/v1/patients/{known}/allergies", json={"code": "1", "display": "Latex"})
        chart = client.get(f"/v1/patients/{known}/chart").json()
    values = [each["valueQuantity"]["value"] for each in chart["observations"]]
    assert values == list(range(21, 1, -1))
    assert chart["allergies"] == [{"display": "Nuts"}, {"code": "1", "display": "Latex"}]
    assert chart["age"] >= 45


def entry(kind: str, url: str, **fields: object) -> dict[str, object]:
    resource = {"resourceType": kind, **fields}
    return {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": kind}}


@pytest.mark.slow
def test_a_transaction_resolves_its_references_or_does_nothing(start: Start) -> None:
    one, two = f"urn:uuid:{uuid4()}", f"urn:uuid:{uuid4()}"
    family = f"T{uuid4().hex}"
    measured = {"status": "final", "code": {"text": "pulse"}}
    observation = entry("Observation", two, subject={"reference": one}, **measured)
    person = entry("Patient", one, name=[{"family": family}])
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [observation, person]}
    with start("production").client() as client:
        orphaned = bundle | {"entry": [person, observation | {"resource": _orphan(observation)}]}
        assert client.post("/v1/fhir", json=orphaned).status_code == 404
        assert client.get("/v1/fhir/Patient", params={"family": family}).json()["total"] == 0
        answer = client.post("/v1/fhir", json=bundle).json()
        first, second = (each["response"]["location"] for each in answer["entry"])
        reference = client.get(first).json()["subject"]["reference"]
    assert second.endswith(reference)


def _orphan(observation: dict[str, object]) -> dict[str, object]:
    resource = observation["resource"]
    assert isinstance(resource, dict)
    return resource | {"subject": {"reference": "Patient/nobody"}}


@pytest.mark.slow
def test_slots_appointments_and_partners(start: Start) -> None:
    with start("production").client() as client:
        known, free = patient(client), slot(client)
        offered = client.get("/v1/slots", params={"status": "free"}).json()["slots"]
        assert free in [each["id"] for each in offered]
        booked = client.post("/v1/appointments", json={"slot": free, "patient": known}).json()
        held = client.get("/v1/appointments", params={"slot": free}).json()["appointments"]
        assert held == [booked]
        taken = client.get("/v1/slots", params={"status": "booked"}).json()["slots"]
        assert free in [each["id"] for each in taken]
        question = {"patient": known, "payer": "AOK", "member": "M 1"}
        assert client.post("/v1/eligibility", json=question).json() == {
            "status": "active",
            "payer": "AOK",
            "member": "M 1",
        }
        lab = client.post("/v1/lab-requests", json={"patient": known, "code": "a|b^c&d~e\\f"})
        assert (lab.status_code, lab.json()["acknowledgement"]) == (201, "AA")


@pytest.mark.slow
def test_a_partner_that_is_not_there_is_no_failure_of_ours(start: Start) -> None:
    nowhere = "127.0.0.1:1"
    with start("production", edge_hub_insurer=nowhere, edge_hub_ehr=nowhere).client() as client:
        known = patient(client)
        question = {"patient": known, "payer": "p", "member": "m"}
        for path, body in (
            ("/v1/eligibility", question),
            ("/v1/lab-requests", {"patient": known, "code": "1"}),
        ):
            answer = client.post(path, json=body)
            assert answer.status_code == 503
            assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["production", "pilot"])
def test_without_its_cache_the_platform_is_only_slower(start: Start, profile: str) -> None:
    with start(profile, edge_gateway_valkey="127.0.0.1:1").client() as client:
        known = patient(client)
        assert client.get(f"/v1/patients/{known}/chart").status_code == 200
