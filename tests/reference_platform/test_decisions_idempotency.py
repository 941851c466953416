from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from reference_platform import mllp
from reference_platform.decisions.idempotency import Attempt

from .conftest import Running, Start, patient, slot


def orders(platform: Running, known: str) -> int:
    with platform.client() as client:
        return len(client.get("/v1/orders", params={"patient": known}).json()["orders"])


@pytest.mark.slow
def test_a_repeated_order_is_one_order(start: Start) -> None:
    for profile, expected in (("production", 1), ("production-idempotency", 5)):
        platform = start(profile)
        with platform.client() as client:
            order = {"patient": patient(client), "code": "314076", "quantity": 1}
            key = {"Idempotency-Key": uuid4().hex}
            answers = [client.post("/v1/orders", json=order, headers=key) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [201] * 5
        assert len({answer.text for answer in answers}) == expected
        assert orders(platform, str(order["patient"])) == expected


@pytest.mark.slow
def test_simultaneous_repetitions_are_one_order(start: Start) -> None:
    platform = start("production")
    with platform.client() as client, ThreadPoolExecutor(8) as pool:
        order = {"patient": patient(client), "code": "314076", "quantity": 1}
        key = {"Idempotency-Key": uuid4().hex}
        answers = list(
            pool.map(lambda _: client.post("/v1/orders", json=order, headers=key), range(8))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert orders(platform, str(order["patient"])) == 1


@pytest.mark.slow
def test_a_key_belongs_to_one_request_of_one_tenant(start: Start) -> None:
    platform = start("production")
    key = {"Idempotency-Key": uuid4().hex}
    with platform.client() as client, platform.client("lakeside") as other:
        order = {"patient": patient(client), "code": "314076", "quantity": 1}
        assert client.post("/v1/orders", json=order, headers=key).status_code == 201
        changed = client.post("/v1/orders", json=order | {"quantity": 2}, headers=key)
        assert changed.status_code == 422
        elsewhere = order | {"patient": patient(other)}
        assert other.post("/v1/orders", json=elsewhere, headers=key).status_code == 201


@pytest.mark.slow
def test_a_refused_request_may_be_tried_again_with_its_key(start: Start) -> None:
    with start("production").client() as client:
        key = {"Idempotency-Key": uuid4().hex}
        wanted = {"slot": slot(client), "patient": "nobody"}
        assert client.post("/v1/appointments", json=wanted, headers=key).status_code == 404
        wanted["patient"] = patient(client)
        first = client.post("/v1/appointments", json=wanted, headers=key)
        again = client.post("/v1/appointments", json=wanted, headers=key)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()


def test_a_digest_is_of_route_and_meaning() -> None:
    first = Attempt("riverside", "k", "POST /a", b'{"a": 1, "b": 2}')
    spelled = Attempt("riverside", "k", "POST /a", b'{"b":2,"a":1}')
    elsewhere = Attempt("riverside", "k", "POST /b", b'{"b":2,"a":1}')
    assert first.digest() == spelled.digest() != elsewhere.digest()


def adt(visit: str, trigger: str, hour: int, ward: str, facility: str = "RIVERSIDE") -> str:
    moment = f"203103030{hour}0000"
    return "\r".join([
        f"MSH|^~\\&|EHR|{facility}|HUB|HUB|{moment}||ADT^{trigger}|{visit}-{hour}|T|2.5.1",
        f"EVN|{trigger}|{moment}",
        f"PID|1||M1^^^{facility}^MR||Müller^Anna",
        f"PV1|1|I|{ward}||||||||||||||||{visit}",
    ])  # fmt: skip


def deliver(platform: Running, messages: list[str]) -> list[str]:
    """The acknowledgement codes (MSA-1)."""

    async def run() -> list[str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", platform.settings.mllp_port)
        answers = [await mllp.exchange(reader, writer, m.encode()) for m in messages]
        writer.close()
        return [answer.decode().split("MSA|")[1][:2] for answer in answers]

    return asyncio.run(run())


def state(platform: Running, visit: str, tenant: str = "riverside") -> dict[str, Any]:
    with platform.client(tenant) as client:
        answer: dict[str, Any] = client.get(f"/v1/visits/{visit}").json()
    return answer


def stay(visit: str) -> list[str]:
    events = (("A01", 1, "W1"), ("A02", 2, "W2"), ("A08", 3, "W2"), ("A03", 4, "W2"))
    return [adt(visit, *event) for event in events]


@pytest.mark.slow
def test_three_shuffled_deliveries_are_as_one_in_order(start: Start) -> None:
    platform = start("production")
    for seed in range(5):
        visit = f"V{uuid4().hex[:12]}"
        messages = stay(visit) * 3
        random.Random(seed).shuffle(messages)
        assert set(deliver(platform, messages)) == {"AA"}
        told = {"status": "discharged", "ward": "W2", "admissions": 1, "events": 4}
        assert state(platform, visit) == {"visit": visit, "patient": "M1"} | told


@pytest.mark.slow
def test_pilot_believes_the_last_arrival(start: Start) -> None:
    platform = start("production-idempotency")
    in_order, reordered = f"V{uuid4().hex[:12]}", f"V{uuid4().hex[:12]}"
    deliver(platform, stay(in_order))
    assert state(platform, in_order)["status"] == "discharged"
    admit, *_, discharge = stay(reordered)
    deliver(platform, [discharge, admit, admit])
    told = state(platform, reordered)
    assert (told["status"], told["admissions"]) == ("admitted", 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "message",
    [
        "no HL7 at all",
        "MSH|^~\\&|EHR|RIVERSIDE",
        adt("V1", "A01", 1, "W1", facility="NOWHERE"),
        adt("V1", "A40", 1, "W1"),
        adt("", "A01", 1, "W1"),
        adt("V1", "A01", 1, "W1").replace("EVN|A01|20310303010000", "EVN|A01|soon"),
    ],
)
def test_what_cannot_be_used_is_rejected_and_the_feed_goes_on(start: Start, message: str) -> None:
    platform = start("production")
    visit = f"V{uuid4().hex[:12]}"
    assert deliver(platform, [message, adt(visit, "A01", 1, "W1")]) == ["AR", "AA"]


@pytest.mark.slow
def test_two_hospitals_may_number_a_visit_alike(start: Start) -> None:
    platform = start("production")
    visit = f"V{uuid4().hex[:12]}"
    deliver(platform, [adt(visit, "A01", 1, "W1"), adt(visit, "A01", 1, "W9", facility="LAKESIDE")])
    assert state(platform, visit)["ward"] == "W1"
    assert state(platform, visit, "lakeside")["ward"] == "W9"
