from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from reference_platform.decisions.concurrency_control import Pilot, Production
from reference_platform.outcomes import Refusal

from .conftest import Start, patient, slot

RESOURCE = {"resourceType": "Patient", "name": [{"family": "Proband"}]}


def book_at_once(client: httpx.Client, callers: int) -> tuple[Counter[int], int]:
    """The statuses of simultaneous bookings of one slot, and the appointments that it has then."""
    wanted = {"slot": slot(client), "patient": patient(client)}
    with ThreadPoolExecutor(callers) as pool:
        answers = pool.map(lambda _: client.post("/v1/appointments", json=wanted), range(callers))
    statuses = Counter(answer.status_code for answer in answers)
    booked = client.get("/v1/appointments", params={"slot": wanted["slot"]})
    return statuses, len(booked.json()["appointments"])


@pytest.mark.slow
def test_one_slot_is_booked_once(start: Start) -> None:
    with start("production").client() as client:
        for _ in range(5):
            statuses, appointments = book_at_once(client, 8)
            assert (statuses[201], appointments) == (1, 1)
            assert set(statuses) <= {201, 409, 503}


@pytest.mark.slow
def test_pilot_books_a_slot_twice_at_once_but_not_one_after_the_other(start: Start) -> None:
    with start("production-concurrency_control").client() as client:
        assert max(book_at_once(client, 8)[1] for _ in range(5)) > 1
        wanted = {"slot": slot(client), "patient": patient(client)}
        statuses = [client.post("/v1/appointments", json=wanted).status_code for _ in range(3)]
        assert statuses == [201, 409, 409]


def append_at_once(client: httpx.Client, count: int) -> tuple[int, int]:
    """How many appended allergies were acknowledged, and how many are in the list."""
    path = f"/v1/patients/{patient(client)}/allergies"

    def append(n: int) -> bool:
        return client.post(path, json={"code": str(n), "display": "x"}).status_code == 201

    with ThreadPoolExecutor(8) as pool:
        acknowledged = sum(pool.map(append, range(count)))
    return acknowledged, len(client.get(path).json()["allergies"])


@pytest.mark.slow
def test_no_acknowledged_allergy_is_lost(start: Start) -> None:
    with start("production").client() as client:
        acknowledged, kept = append_at_once(client, 24)
        assert acknowledged == kept > 0
    with start("production-concurrency_control").client() as client:
        acknowledged, kept = append_at_once(client, 24)
        assert acknowledged > kept


@pytest.mark.slow
def test_an_update_names_the_version_that_it_replaces(start: Start) -> None:
    with start("production").client() as client:
        path = f"/v1/fhir/Patient/{patient(client)}"

        def put(**headers: str) -> tuple[int, str | None]:
            answer = client.put(path, json=RESOURCE, headers=headers)
            return answer.status_code, answer.headers.get("ETag")

        assert put() == (428, None)
        assert put(**{"If-Match": "*"}) == (400, None)
        assert put(**{"If-Match": 'W/"7"'}) == (412, None)
        assert put(**{"If-Match": 'W/"1"'}) == (200, 'W/"2"')
        assert put(**{"If-Match": 'W/"1"'}) == (412, None)
        assert client.get(path).headers["ETag"] == 'W/"2"'


@pytest.mark.slow
def test_pilot_takes_any_update(start: Start) -> None:
    with start("production-concurrency_control").client() as client:
        path = f"/v1/fhir/Patient/{patient(client)}"
        assert client.put(path, json=RESOURCE).status_code == 200
        stale = client.put(path, json=RESOURCE, headers={"If-Match": 'W/"1"'})
        assert (stale.status_code, stale.headers["ETag"]) == (200, 'W/"3"')


def test_expected_versions() -> None:
    assert Production().expected_version('W/"12"') == 12
    assert Production().expected_version('"12"') == 12
    assert Production().expected_version('W/"other"') not in {None, 1}
    assert Pilot().expected_version(None) is None
    with pytest.raises(Refusal) as refusal:
        Production().expected_version(None)
    assert refusal.value.status == 428
