from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import jsonschema_rs
import pytest

from reference_platform.identity import Identity
from reference_platform.services.worker import referrals
from reference_platform.settings import Settings

from .conftest import Running, patient, slot, until
from .test_services_contract import schema_of

STEPS = ["appointment", "eligibility", "ehr_order", "notification"]
ENDS = ("completed", "compensated", "failed")


class Hospital:
    """A platform with a tenant that no other platform on this database works for."""

    def __init__(self, backing: Settings, profile: str) -> None:
        name = f"h{uuid4().hex}"
        roles = {"": "clinician", "-administrator": "administrator"}
        tokens = {f"token-of-{name}{end}": Identity(name, role) for end, role in roles.items()}
        self.platform = Running(backing.model_copy(update={"tokens": tokens}), profile)
        self.client = self.platform.client(name)
        self.administrator = self.platform.client(f"{name}-administrator")

    def partner(self, name: str, path: str, **mode: Any) -> Any:
        port = getattr(self.platform.settings, f"{name}_port")
        url = f"http://127.0.0.1:{port}{path}"
        answer = httpx.post(url, json=mode) if mode else httpx.get(url)
        assert answer.is_success, answer.text
        return answer.json()

    def letter(self, known: str, **more: str) -> httpx.Response:
        wanted = {"patient": known, "summary": "Well again.\nRest.", **more}
        return self.client.post("/v1/discharges", json=wanted)

    def refer(self, known: str, wanted: str, **headers: str) -> httpx.Response:
        content = {"patient": known, "slot": wanted, "specialty": "CARD", "payer": "ACME"}
        return self.client.post("/v1/referrals", json={**content, "member": "M-1"}, headers=headers)

    def ended(self, place: str) -> dict[str, Any]:
        """The status resource at `place` when it is at its end."""
        found: dict[str, Any] = {}

        def over() -> bool:
            found.update(self.client.get(place).json())
            return found["status"] in ENDS

        until(over)
        return found

    def appointments(self, wanted: str) -> int:
        answer = self.client.get("/v1/appointments", params={"slot": wanted})
        return len(answer.json()["appointments"])


@pytest.fixture(scope="module")
def production(backing: Settings) -> Iterator[Hospital]:
    hospital = Hospital(backing, "production")
    yield hospital
    hospital.platform.stop()


@pytest.fixture(scope="module")
def pilot(backing: Settings) -> Iterator[Hospital]:
    hospital = Hospital(backing, "pilot")
    yield hospital
    hospital.platform.stop()


@pytest.fixture(scope="module")
def impatient(backing: Settings) -> Iterator[Hospital]:
    """One whose referrals turn back soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(referrals, "PATIENCE", 0.3)
        hospital = Hospital(backing, "production")
    yield hospital
    hospital.platform.stop()


@pytest.fixture(params=["production", "pilot"])
def hospital(request: pytest.FixtureRequest) -> Hospital:
    found: Hospital = request.getfixturevalue(request.param)
    return found


@pytest.mark.slow
def test_a_letter_is_accepted_then_done_and_its_patient_told(hospital: Hospital) -> None:
    answer = hospital.letter(patient(hospital.client), visit="V-1")
    assert answer.status_code == 202
    place = answer.headers["Location"]
    assert place == f"/v1/letters/{answer.json()['id']}"
    until(lambda: bool(hospital.client.get(place).json()["status"] == "done"))
    keys = [message["key"] for message in hospital.partner("sms", "/messages")["messages"]]
    assert keys.count(answer.json()["id"]) == 1


@pytest.mark.slow
def test_a_letter_for_nobody_is_refused(hospital: Hospital) -> None:
    assert hospital.letter("nobody").status_code == 404
    assert hospital.client.get("/v1/letters/none").status_code == 404


@pytest.mark.slow
def test_production_tries_again_and_the_pilot_does_not(
    production: Hospital, pilot: Hospital
) -> None:
    places = {}
    for hospital in (production, pilot):
        known = patient(hospital.client)
        hospital.partner("sms", "/mode", failure_rate=1.0)
        before = hospital.partner("sms", "/calls")["calls"]
        places[hospital] = hospital.letter(known).headers["Location"]
        until(lambda h=hospital, n=before: h.partner("sms", "/calls")["calls"] > n)  # type: ignore[misc]
        time.sleep(0.3)
        hospital.partner("sms", "/mode", failure_rate=0.0)
    until(lambda: bool(production.client.get(places[production]).json()["status"] == "done"))
    assert pilot.client.get(places[pilot]).json()["status"] == "queued"


@pytest.mark.slow
def test_the_same_key_is_one_letter_and_one_referral(production: Hospital) -> None:
    known, wanted, key = patient(production.client), slot(production.client), uuid4().hex
    first, second = (production.refer(known, wanted, **{"Idempotency-Key": key}) for _ in "12")
    assert first.json()["id"] == second.json()["id"]
    assert production.ended(first.headers["Location"])["status"] == "completed"
    assert production.appointments(wanted) == 1


@pytest.mark.slow
def test_a_referral_that_nothing_disturbs_is_completed(hospital: Hospital) -> None:
    known, wanted = patient(hospital.client), slot(hospital.client)
    orders = hospital.partner("insurer", "/ehr/calls")["orders"]
    answer = hospital.refer(known, wanted)
    assert answer.status_code == 202, answer.text
    referral = hospital.ended(answer.headers["Location"])
    assert referral["status"] == "completed"
    assert referral["steps"] == [{"name": name, "state": "done"} for name in STEPS]
    assert hospital.appointments(wanted) == 1
    assert hospital.partner("insurer", "/ehr/calls")["orders"] == orders + 1


@pytest.mark.slow
def test_a_slot_that_is_taken_ends_a_referral_without_a_trace(
    production: Hospital, pilot: Hospital
) -> None:
    for hospital in (production, pilot):
        known, wanted = patient(hospital.client), slot(hospital.client)
        booked = hospital.client.post("/v1/appointments", json={"slot": wanted, "patient": known})
        assert booked.status_code == 201
        answer = hospital.refer(known, wanted)
        if hospital is pilot:
            assert answer.status_code == 409
        else:
            assert hospital.ended(answer.headers["Location"])["status"] == "compensated"
        assert hospital.appointments(wanted) == 1


BREAKS = [("insurer", "/mode"), ("insurer", "/ehr/mode"), ("sms", "/mode")]


@pytest.mark.slow
@pytest.mark.parametrize(("partner", "path"), BREAKS)
def test_a_referral_gets_over_a_broken_step_that_is_repaired(
    production: Hospital, partner: str, path: str
) -> None:
    known, wanted = patient(production.client), slot(production.client)
    production.partner(partner, path, failure_rate=1.0)
    answer = production.refer(known, wanted)
    assert answer.status_code == 202
    time.sleep(1)
    assert production.client.get(answer.headers["Location"]).json()["status"] == "accepted"
    production.partner(partner, path, failure_rate=0.0)
    assert production.ended(answer.headers["Location"])["status"] == "completed"
    assert production.appointments(wanted) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("partner", "path"), BREAKS)
def test_a_referral_that_cannot_be_completed_is_taken_back(
    impatient: Hospital, partner: str, path: str
) -> None:
    known, wanted = patient(impatient.client), slot(impatient.client)
    impatient.partner(partner, path, failure_rate=1.0)
    place = impatient.refer(known, wanted).headers["Location"]
    until(lambda: impatient.appointments(wanted) == 1)
    until(lambda: impatient.appointments(wanted) == 0)
    impatient.partner(partner, path, failure_rate=0.0)
    referral = impatient.ended(place)
    assert referral["status"] == "compensated"
    assert {step["state"] for step in referral["steps"]} <= {"pending", "compensated"}
    assert impatient.partner("insurer", "/ehr/calls")["orders"] == 0
    again = {"slot": wanted, "patient": known}
    assert impatient.client.post("/v1/appointments", json=again).status_code == 201


@pytest.mark.slow
@pytest.mark.parametrize(("partner", "path"), BREAKS)
def test_the_pilot_leaves_an_appointment_that_nobody_knows_of(
    pilot: Hospital, partner: str, path: str
) -> None:
    known, wanted = patient(pilot.client), slot(pilot.client)
    pilot.partner(partner, path, failure_rate=1.0)
    answer = pilot.refer(known, wanted)
    pilot.partner(partner, path, failure_rate=0.0)
    assert answer.is_error  # 502; or 409, when the gateway asks again: the slot is taken
    assert pilot.appointments(wanted) == 1


@pytest.mark.slow
def test_the_caller_waits_for_partners_only_in_the_pilot(
    production: Hospital, pilot: Hospital
) -> None:
    seconds = {}
    for hospital in (production, pilot):
        known, wanted = patient(hospital.client), slot(hospital.client)
        hospital.partner("insurer", "/mode", delay_ms=600)
        began = time.monotonic()
        place = hospital.refer(known, wanted).headers["Location"]
        seconds[hospital] = time.monotonic() - began
        assert hospital.ended(place)["status"] == "completed"
        hospital.partner("insurer", "/mode", delay_ms=0)
    assert seconds[pilot] > 0.6
    assert seconds[production] < seconds[pilot] / 2


@pytest.mark.slow
def test_a_billing_run_bills_what_was_ordered(hospital: Hospital) -> None:
    known = [patient(hospital.client) for _ in range(5)]

    def order(n: int) -> None:
        wanted = {"patient": known[n % 5], "code": "314076", "quantity": 1 + n % 2}
        assert hospital.client.post("/v1/orders", json=wanted).status_code == 201

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(order, range(20)))
    answer = hospital.administrator.post("/v1/billing-runs")
    assert answer.status_code == 202, answer.text
    place = answer.headers["Location"]
    until(lambda: bool(hospital.administrator.get(place).json()["status"] == "done"))
    run = hospital.administrator.get(place).json()
    assert (run["billed"], run["accounts"]) == (30 * 1250, 5)


@pytest.mark.slow
def test_answers_are_as_published(production: Hospital) -> None:
    known, wanted = patient(production.client), slot(production.client)
    letter = production.letter(known)
    referral = production.refer(known, wanted)
    run = production.administrator.post("/v1/billing-runs")
    for path, begun in {"discharges": letter, "referrals": referral, "billing-runs": run}.items():
        jsonschema_rs.validate(schema_of(begun, "POST", f"/v1/{path}"), begun.json())
        kind = begun.headers["Location"].split("/")[2]
        answer = production.administrator.get(run.headers["Location"])
        if begun is not run:
            answer = production.client.get(begun.headers["Location"])
        jsonschema_rs.validate(schema_of(answer, "GET", f"/v1/{kind}/{{id}}"), answer.json())


@pytest.mark.slow
def test_only_an_administrator_bills(production: Hospital) -> None:
    assert production.client.post("/v1/billing-runs").status_code == 403
