from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform import policies
from reference_platform.clock import Clock
from reference_platform.decisions.retention_model import Pilot, Production
from reference_platform.settings import Settings

from .conftest import Running, Start, slot, until
from .test_decisions_audit_complete import rows

DAY = 86_400.0
KEY = bytes(range(32))
REASON = {"reason": "asked for it"}


def person(client: httpx.Client, marker: str) -> str:
    """A new patient in whose every part the marker is, and who was busy."""
    resource = {
        "resourceType": "Patient",
        "name": [{"family": marker}],
        "identifier": [{"system": "urn:mrn", "value": f"{marker}-mrn"}],
    }
    known = str(client.post("/v1/fhir/Patient", json=resource).json()["id"])
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": marker},
        "subject": {"reference": f"Patient/{known}"},
    }
    assert client.post("/v1/fhir/Observation", json=observation).status_code == 201
    allergy = {"code": "1", "display": marker}
    assert client.post(f"/v1/patients/{known}/allergies", json=allergy).status_code == 201
    order = {"patient": known, "code": "1", "quantity": 1}
    key = {"Idempotency-Key": uuid4().hex}
    assert client.post("/v1/orders", json=order, headers=key).status_code == 201
    booking = {"slot": slot(client), "patient": known}
    assert client.post("/v1/appointments", json=booking).status_code == 201
    assert client.get(f"/v1/patients/{known}/chart").status_code == 200
    return known


def found(settings: Settings, *words: str) -> set[str]:
    """Tables in which a word is, in any row and column."""
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'platform'"
    names = [row["tablename"] for row in rows(settings, sql)]
    return {
        name
        for name in names
        for word in words
        if rows(settings, f"SELECT 1 FROM platform.{name} t WHERE strpos(t::text, $1) > 0", word)
    }


def ask(client: httpx.Client, path: str, body: dict[str, Any] | None, status: int) -> Any:
    answer = client.post(path, json=body) if body is not None else client.post(path)
    assert answer.status_code == status, answer.text
    return answer.json()


@given(st.binary(), st.binary(min_size=32, max_size=32))
def test_a_sealed_line_opens_with_its_own_key_only(line: bytes, other: bytes) -> None:
    model = Production()
    sealed = model.seal(line, KEY, "export-1")
    assert model.unseal(sealed, KEY, "export-1") == line
    assert model.unseal(sealed, None, "export-1") is None
    assert model.unseal(sealed, KEY, "export-2") is None
    assert (model.unseal(sealed, other, "export-1") is None) == (other != KEY)
    assert Pilot().seal(line, KEY, "export-1") == line


def test_the_policy_names_its_sources_and_keeps_the_trail() -> None:
    assert all(told.citation for told in policies.policy().values())
    assert {"audit_events", "erasures", "legal_holds"} <= set(Production().kept())
    assert Pilot().kept() == {}


@pytest.mark.parametrize(
    "text", ["[x]\ntitle = 1", 'x = "y"', "[x]\ntitle='t'\nminimum_days=2\nmaximum_days=1"]
)
def test_a_policy_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        policies.parse(text)


@pytest.mark.slow
def test_after_an_erasure_nothing_is_left_but_what_must_be_kept(start: Start) -> None:
    platform, marker = start("production"), f"MARKER{uuid4().hex}"
    with platform.client() as client, platform.client("riverside-administrator") as office:
        known = person(client, marker)
        export = ask(office, "/v1/exports", {"patient": known}, 201)
        before = office.get(f"/v1/exports/{export['id']}").json()
        assert before["unreadable"] == 0
        assert marker in str(before["resources"])
        erased = ask(office, f"/v1/patients/{known}/erasure", REASON, 200)
        assert {"resources", "identifiers", "allergy_lists", "orders", "appointments"} <= set(
            erased["erased"]
        )
        assert {each["what"] for each in erased["kept"]} >= {"audit_events"}
        assert client.get(f"/v1/patients/{known}/chart").status_code == 404
        after = office.get(f"/v1/exports/{export['id']}").json()
        assert after["unreadable"] == after["lines"] == before["lines"]
        again = ask(office, f"/v1/patients/{known}/erasure", REASON, 200)
        assert again["proof"] == erased["proof"]
    assert found(platform.settings, marker) == set()
    assert found(platform.settings, known) <= {"audit_events", "audit_patients"}
    files = platform.settings.data_folder.rglob("*")
    assert not [file for file in files if file.is_file() and marker.encode() in file.read_bytes()]


@pytest.mark.slow
def test_pilot_deletes_a_row_and_leaves_the_copies(start: Start) -> None:
    platform, marker = start("production-retention_model"), f"MARKER{uuid4().hex}"
    with platform.client() as client, platform.client("riverside-administrator") as office:
        known = person(client, marker)
        export = ask(office, "/v1/exports", {"patient": known}, 201)
        ask(office, f"/v1/patients/{known}/legal-hold", {"active": True, "reason": "case 1"}, 200)
        ask(office, f"/v1/patients/{known}/erasure", REASON, 200)
        assert marker in office.get(f"/v1/exports/{export['id']}").text
    assert len(found(platform.settings, marker, known)) > 3


@pytest.mark.slow
def test_nobody_but_an_administrator_erases(start: Start) -> None:
    with start("production").client() as client:
        assert client.post("/v1/patients/x/erasure", json=REASON).status_code == 403


def moved(platform: Running, days: float) -> None:
    platform.settings.clock.advance(days * DAY)


@pytest.mark.slow
def test_nothing_leaves_early_and_everything_leaves_but_what_is_held(
    start: Start, backing: Settings
) -> None:
    # Its own clock: the others' patients are not to grow old.
    own = {"clock": Clock(), "data_folder": backing.data_folder / "aged"}
    platform = Running(backing.model_copy(update=own), "production")
    maximum = policies.policy()["health_record"].maximum_days or 0
    try:
        with platform.client() as client, platform.client("riverside-administrator") as office:
            known, held = (person(client, f"MARKER{uuid4().hex}") for _ in range(2))
            hold = {"active": True, "reason": "case 1"}
            ask(office, f"/v1/patients/{held}/legal-hold", hold, 200)
            assert office.post(f"/v1/patients/{held}/erasure", json=REASON).status_code == 409

            def there(patient: str) -> bool:
                sql = "SELECT 1 FROM platform.resources WHERE id = $1"
                return bool(rows(platform.settings, sql, patient))

            for days in (1, 364, maximum - 366):  # a day before its maximum
                moved(platform, days)
                ask(office, "/v1/retention-runs", None, 201)
                assert there(known)
            moved(platform, 1.5)
            until(lambda: not there(known), 20)  # the periodic run
            assert there(held)
            ask(office, f"/v1/patients/{held}/legal-hold", hold | {"active": False}, 200)

            def erased() -> bool:
                ask(office, "/v1/retention-runs", None, 201)
                return not there(held)

            until(erased, 20)  # a run takes some of those that are due, and the others' are too
    finally:
        platform.stop()


def test_pilot_knows_no_time() -> None:
    assert asyncio.run(Pilot().expired(None, "riverside", Clock().now(), 10)) == ()
    assert Pilot().export_days() is None
