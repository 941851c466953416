from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fhir.resources import R4B  # noqa: F401 - the parent of the module below
from fhir.resources.R4B import get_fhir_model_class

from reference_platform.contract.resources import RESOURCES

from .conftest import Start, patient, slot
from .samples import resource


@pytest.fixture
def client(start: Start) -> Iterator[httpx.Client]:
    with start("production").client() as client:
        yield client


def valid(answer: httpx.Response) -> dict[str, Any]:
    """The body, which HL7's own definitions find in order."""
    body: dict[str, Any] = answer.json()
    get_fhir_model_class(body["resourceType"]).model_validate(body)
    return body


def written(client: httpx.Client, kind: str) -> tuple[str, dict[str, Any]]:
    """The place of a resource in its second version, and that version."""
    created = client.post(f"/v1/fhir/{kind}", json=resource(kind, patient(client)))
    assert created.status_code == 201, created.text
    place, changed = created.headers["Location"], valid(created) | {"language": None}
    del changed["language"]
    changed["identifier"] = [{"system": "urn:x", "value": uuid4().hex}]
    updated = client.put(place, json=changed, headers={"If-Match": created.headers["ETag"]})
    assert updated.status_code == 200, updated.text
    return place, valid(updated)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RESOURCES)
def test_every_version_can_be_read_and_nothing_of_it_is_lost(
    client: httpx.Client, kind: str
) -> None:
    place, second = written(client, kind)
    read = client.get(place)
    assert valid(read) == second
    assert read.headers["ETag"] == 'W/"2"'
    assert read.headers["Last-Modified"].endswith("GMT")
    first = client.get(f"{place}/_history/1")
    assert "identifier" not in valid(first)
    assert first.headers["ETag"] == 'W/"1"'
    assert client.get(f"{place}/_history/2").json() == second
    for unknown in ("3", "0", "x", "99999999999"):
        assert client.get(f"{place}/_history/{unknown}").status_code == 404
    gone = client.delete(place, headers={"If-Match": 'W/"2"'})
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(place).status_code == 410
    assert client.get(f"{place}/_history/3").status_code == 410
    assert client.put(place, json=second, headers={"If-Match": 'W/"2"'}).status_code == 410
    history = valid(client.get(f"{place}/_history"))
    methods = [each["request"]["method"] for each in history["entry"]]
    assert (methods, history["total"]) == (["DELETE", "PUT", "POST"], 3)
    assert history["entry"][1]["resource"] == second
    token = second["identifier"][0]["value"]
    assert client.get(f"/v1/fhir/{kind}", params={"identifier": token}).json()["total"] == 0


@pytest.mark.slow
def test_a_history_comes_in_pages(client: httpx.Client) -> None:
    place, _ = written(client, "Patient")
    first = valid(client.get(f"{place}/_history", params={"_count": 1}))
    assert "total" not in first
    assert [link["relation"] for link in first["link"]] == ["self", "next"]
    second = valid(client.get(first["link"][1]["url"]))
    assert second["entry"][0]["resource"]["meta"]["versionId"] == "1"
    assert [link["relation"] for link in second["link"]] == ["self"]
    assert client.get("/v1/fhir/Patient/nobody/_history").status_code == 404


@pytest.mark.slow
def test_who_knows_the_version_is_not_sent_it_again(client: httpx.Client) -> None:
    place, _ = written(client, "Patient")
    same = client.get(place, headers={"If-None-Match": 'W/"2"'})
    assert (same.status_code, same.content) == (304, b"")
    assert client.get(place, headers={"If-None-Match": 'W/"1"'}).status_code == 200


@pytest.mark.slow
def test_a_deletion_must_name_its_version_and_leave_nobody_alone(client: httpx.Client) -> None:
    known = patient(client)
    observation = client.post("/v1/fhir/Observation", json=resource("Observation", known))
    place = f"/v1/fhir/Patient/{known}"
    assert client.delete(place).status_code == 428
    assert client.delete(place, headers={"If-Match": 'W/"7"'}).status_code == 412
    assert client.delete(place, headers={"If-Match": 'W/"1"'}).status_code == 409
    assert client.get(f"{place}").status_code == 200
    client.delete(observation.headers["Location"], headers={"If-Match": 'W/"1"'})
    assert client.delete(place, headers={"If-Match": 'W/"1"'}).status_code == 204
    assert client.get(f"/v1/patients/{known}/chart").status_code == 404


@pytest.mark.slow
def test_every_version_has_a_provenance(client: httpx.Client) -> None:
    place, second = written(client, "Condition")
    target = place.removeprefix("/v1/fhir/")
    client.delete(place, headers={"If-Match": 'W/"2"'})
    found = valid(client.get("/v1/fhir/Provenance", params={"target": target}))
    provenances = [each["resource"] for each in found["entry"]]
    assert [each["target"][0]["reference"] for each in provenances] == [
        f"{target}/_history/{version}" for version in (3, 2, 1)
    ]
    activities = [each["activity"]["coding"][0]["code"] for each in provenances]
    assert activities == ["DELETE", "UPDATE", "CREATE"]
    assert provenances[0]["agent"][0]["role"] == [{"text": "clinician"}]
    read = valid(client.get(f"/v1/fhir/Provenance/{provenances[0]['id']}"))
    assert read == provenances[0]
    subject = second["subject"]["reference"]
    about = client.get("/v1/fhir/Provenance", params={"patient": subject}).json()
    assert about["total"] == 4  # and the patient's own creation


@pytest.mark.slow
def test_slots_and_appointments_are_fhir_too(client: httpx.Client) -> None:
    known, free = patient(client), slot(client)
    offered = valid(client.get(f"/v1/fhir/Slot/{free}"))
    assert (offered["status"], offered["schedule"]["display"]) == ("free", "Dr. Who")
    wanted = {
        "resourceType": "Appointment",
        "status": "booked",
        "slot": [{"reference": f"Slot/{free}"}],
        "participant": [{"actor": {"reference": f"Patient/{known}"}, "status": "accepted"}],
    }
    booked = client.post("/v1/fhir/Appointment", json=wanted)
    assert client.post("/v1/fhir/Appointment", json=wanted).status_code == 409
    appointment = valid(booked)
    assert appointment["start"] == offered["start"]
    assert valid(client.get(booked.headers["Location"])) == appointment
    for query in ({"patient": known}, {"slot": f"Slot/{free}"}, {"_id": appointment["id"]}):
        found = valid(client.get("/v1/fhir/Appointment", params=query))
        assert [each["resource"] for each in found["entry"]] == [appointment]
    busy = valid(client.get("/v1/fhir/Slot", params={"status": "busy", "_id": free}))
    assert busy["entry"][0]["resource"] == offered | {"status": "busy"}
    assert client.get("/v1/fhir/Slot", params={"status": "free", "_id": free}).json()["total"] == 0
