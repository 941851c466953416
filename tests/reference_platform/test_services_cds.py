from __future__ import annotations

from typing import Any

import httpx
import pytest

from reference_platform.contract import cds

from .conftest import Start, patient

LOINC = "http://loinc.org"
# One set of vital signs: LOINC code, value, UCUM unit, and the points of NEWS2 on scale 1.
SIGNS = {
    "respiration_rate": ("9279-1", 22, "/min", 2),
    "oxygen_saturation": ("59408-5", 93, "%", 2),
    "supplemental_oxygen": ("3151-8", 2, "L/min", 2),
    "systolic_blood_pressure": ("8480-6", 105, "mm[Hg]", 1),
    "pulse": ("8867-4", 95, "/min", 1),
    "temperature": ("8310-5", 38.5, "Cel", 1),
}
CALM = {
    "respiration_rate": 16, "oxygen_saturation": 98, "supplemental_oxygen": False,
    "systolic_blood_pressure": 120, "pulse": 70, "consciousness": "A", "temperature": 37.0,
}  # fmt: skip


def observe(client: httpx.Client, about: str, code: str, **value: Any) -> None:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{about}"},
        **value,
    }
    answer = client.post("/v1/fhir/Observation", json=observation)
    assert answer.status_code == 201, answer.text


def measure(client: httpx.Client, about: str, code: str, value: float, unit: str) -> None:
    quantity = {"value": value, "system": "http://unitsofmeasure.org", "code": unit}
    observe(client, about, code, valueQuantity=quantity)


def examined(client: httpx.Client, without: str = "") -> str:
    """A new patient with all vital signs but one."""
    known = patient(client)
    for name, (code, value, unit, _) in SIGNS.items():
        if name != without:
            measure(client, known, code, value, unit)
    alert = {"coding": [{"system": "http://snomed.info/sct", "code": "248234008"}]}
    if without != "consciousness":
        observe(client, known, "80288-4", valueCodeableConcept=alert)
    return known


def score(client: httpx.Client, known: str) -> dict[str, Any]:
    answer = client.get(f"/v1/patients/{known}/news2")
    assert answer.status_code == 200, answer.text
    cds.Score.model_validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.slow
def test_a_score_is_made_of_the_latest_vital_signs(start: Start) -> None:
    with start("production").client() as client:
        known = examined(client)
        told = score(client, known)
        assert told["score"] == sum(points for *_, points in SIGNS.values())
        assert (told["status"], told["risk"], told["missing"]) == ("complete", "high", [])
        assert (told["version"], told["scale"]) == ("v1", 1)
        measure(client, known, "8867-4", 70, "/min")
        assert score(client, known)["parameters"]["pulse"] == 0


@pytest.mark.slow
def test_units_and_panels_are_understood(start: Start) -> None:
    with start("production").client() as client:
        known = examined(client)
        measure(client, known, "8310-5", 98.6, "[degF]")
        component = {
            "code": {"coding": [{"system": LOINC, "code": "8480-6"}]},
            "valueQuantity": {"value": 12, "code": "kPa"},
        }
        observe(client, known, "85354-9", component=[component])
        parameters = score(client, known)["parameters"]
    assert parameters["temperature"] == 0
    assert parameters["systolic_blood_pressure"] == 3


@pytest.mark.slow
@pytest.mark.parametrize("without", [*SIGNS, "consciousness"])
def test_a_missing_vital_sign_is_never_scored(start: Start, without: str) -> None:
    with start("production").client() as client:
        told = score(client, examined(client, without))
        assert (told["score"], told["risk"], told["status"]) == (None, None, "incomplete")
        assert told["missing"] == [without]
        assert told["escalation"] == []


@pytest.mark.slow
def test_the_pilot_takes_what_is_missing_for_normal(start: Start) -> None:
    with start("production-graceful_degradation").client() as client:
        told = score(client, examined(client, without="oxygen_saturation"))
    assert (told["status"], told["score"]) == ("complete", 7)


@pytest.mark.slow
def test_nobody_has_no_score(start: Start) -> None:
    platform = start("production")
    with platform.client() as client, platform.client("lakeside") as other:
        assert client.get("/v1/patients/nobody/news2").status_code == 404
        assert other.get(f"/v1/patients/{examined(client)}/news2").status_code == 404


@pytest.mark.slow
def test_a_set_of_vital_signs_is_scored_without_a_patient(start: Start) -> None:
    with start("production").client() as client:
        low = client.post("/v1/news2", json=CALM).json()
        assert (low["score"], low["risk"]) == (0, "low")
        scale_2 = CALM | {"scale": 2, "supplemental_oxygen": True}
        assert client.post("/v1/news2", json=scale_2).json()["score"] == 5
        assert client.post("/v1/news2", json={"pulse": 400}).status_code == 422
        nothing = client.post("/v1/news2", json={}).json()
        assert (nothing["score"], len(nothing["missing"])) == (None, 7)


@pytest.mark.slow
def test_scores_are_kept(start: Start) -> None:
    with start("production").client() as client:
        known = examined(client)
        told = [score(client, known) for _ in range(2)]
        kept = client.get(f"/v1/patients/{known}/assessments").json()["assessments"]
        assert kept == told[::-1]
        partly = examined(client, without="pulse")
        score(client, partly)
        assert client.get(f"/v1/patients/{partly}/assessments").json() == {"assessments": []}


@pytest.mark.slow
def test_what_cannot_be_true_never_reaches_a_score(start: Start) -> None:
    quantity = {"value": -400, "system": "http://unitsofmeasure.org", "code": "/min"}
    for profile, status in (("production", 422), ("production-semantic_validation", 201)):
        with start(profile).client() as client:
            known = examined(client)
            before = score(client, known)["parameters"]["pulse"]
            resource = {
                "resourceType": "Observation",
                "status": "final",
                "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
                "subject": {"reference": f"Patient/{known}"},
                "valueQuantity": quantity,
            }
            entry = {"resource": resource, "request": {"method": "POST", "url": "Observation"}}
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
            single = client.post("/v1/fhir/Observation", json=resource)
            assert single.status_code == status
            if status == 422:
                assert {x["code"] for x in single.json()["issue"]} == {"business-rule"}
            assert (client.post("/v1/fhir", json=bundle).status_code == 422) is (status == 422)
            after = score(client, known)["parameters"]["pulse"]
            assert (after == before) is (status == 422)


@pytest.mark.slow
def test_a_condition_chooses_the_scale(start: Start) -> None:
    with start("production").client() as client:
        known = examined(client)
        assert score(client, known)["scale"] == 1
        condition = {
            "resourceType": "Condition",
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "13645005"}]},
            "subject": {"reference": f"Patient/{known}"},
        }
        assert client.post("/v1/fhir/Condition", json=condition).status_code == 201
        told = score(client, known)
        assert told["scale"] == 2
        assert told["parameters"]["oxygen_saturation"] == 1  # 93 % on oxygen


@pytest.mark.slow
def test_a_hospital_may_have_codes_of_its_own(start: Start) -> None:
    with start("production").client("hillside") as client:
        known = examined(client, without="pulse")
        measure(client, known, "HS-PULSE", 135, "/min")
        told = score(client, known)
        assert told["parameters"]["pulse"] == 3
        assert told["escalation"] == ["Call an ambulance"]
        measure(client, known, "HS-PULSE", -400, "/min")  # nobody knows this code at the edge
        assert score(client, known)["missing"] == ["pulse"]
    with start("production-configurable_workflows").client("hillside") as client:
        assert score(client, known)["missing"] == ["pulse"]
