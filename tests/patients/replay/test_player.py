from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from codeblue.errors import TargetError
from codeblue.patients.replay import Channel, Delivery, FhirChannel, MllpChannel, Player, Summary
from codeblue.patients.visits.events import Event

from .conftest import CLOSE, SILENCE, Start

PATIENCE = 0.4
MIDNIGHT = datetime(2025, 6, 2, tzinfo=UTC)


def delivery(
    number: int, *, after: int = 0, person: int = 0, resources: Sequence[dict[str, Any]] = ()
) -> Delivery:
    event = Event(MIDNIGHT, after, "ADT^A08", 0, person, 0, 0, "")
    message = f"MSH|^~\\&|A|F|B|G|20250602||ADT^A08|C{number}|T|2.5.1\rPID|1||{person}\r".encode()
    return Delivery(event, message, {"resourceType": "Patient"}, tuple(resources))


def mllp(port: int) -> MllpChannel:
    return MllpChannel("127.0.0.1", port, PATIENCE)


def fhir(port: int, token: str | None = None) -> FhirChannel:
    return FhirChannel(f"http://127.0.0.1:{port}/fhir/", token, PATIENCE)


def play(
    deliveries: Iterator[Delivery] | Sequence[Delivery],
    *channels: Channel,
    speed: float = 1e9,
    seconds: float = 30.0,
    lanes: int = 1,
    limit: int | None = None,
) -> Summary:
    async def run() -> Summary:
        return await Player(channels, speed, seconds, lanes, limit).play(deliveries)

    return asyncio.run(run())


def test_every_message_arrives_once_and_its_answer_is_counted(start: Start) -> None:
    receiver = start("mllp", lambda number: ("AA", "AE", "AR")[number % 3])
    sent = [delivery(number) for number in range(30)]
    summary = play(sent, mllp(receiver.port))
    assert receiver.messages == [each.message for each in sent]
    assert summary.answers == {"mllp": Counter(AA=10, AE=10, AR=10)}
    assert (summary.deliveries, summary.unsent, summary.ended) == (30, 0, "complete")
    assert len(summary.late_ms) == 30


@pytest.mark.parametrize(("fault", "counted"), [(SILENCE, "timeout"), (CLOSE, "closed")])
def test_a_missing_answer_is_counted_and_the_next_message_gets_its_own(
    start: Start, fault: str, counted: str
) -> None:
    receiver = start("mllp", lambda number: fault if number in (2, 5) else "AA")
    summary = play([delivery(number) for number in range(8)], mllp(receiver.port))
    assert summary.answers["mllp"] == {"AA": 6, counted: 2}
    assert len(receiver.messages) == 8


def test_an_answer_to_another_message_is_no_answer(start: Start) -> None:
    receiver = start("mllp", lambda _: "AA|OTHER\rZZZ")
    assert play([delivery(1)], mllp(receiver.port)).answers["mllp"] == {"mismatch": 1}


def test_what_is_said_of_one_person_stays_in_order_over_all_lanes(start: Start) -> None:
    receiver = start("mllp", lambda _: "AA")
    numbered = zip(range(400), itertools.cycle(range(13)), strict=False)
    play([delivery(n, person=person) for n, person in numbered], mllp(receiver.port), lanes=5)
    heard = defaultdict(list)
    for message in receiver.messages:
        found = re.search(rb"\|C(\d+)\|.*\|(\d+)\r$", message, re.DOTALL)
        assert found
        heard[int(found[2])].append(int(found[1]))
    assert sum(map(len, heard.values())) == 400
    assert all(numbers == sorted(numbers) for numbers in heard.values())


def test_events_are_sent_at_their_time_and_not_before(start: Start) -> None:
    receiver = start("mllp", lambda _: "AA")
    summary = play([delivery(n, after=n * 60) for n in range(6)], mllp(receiver.port), speed=600)
    assert min(summary.late_ms) >= 0
    assert summary.seconds >= 0.5


def test_a_slow_receiver_makes_events_late_and_is_told_of_all_of_them(start: Start) -> None:
    def slowly(_: int) -> str:
        time.sleep(0.05)
        return "AA"

    receiver = start("mllp", slowly)
    summary = play([delivery(n) for n in range(10)], mllp(receiver.port))
    assert summary.answers["mllp"] == {"AA": 10}
    assert summary.lateness()["max"] >= 450
    assert summary.lateness()["p50"] >= 200


def test_it_ends_at_the_limit(start: Start) -> None:
    receiver = start("mllp", lambda _: "AA")
    endless = (delivery(number) for number in itertools.count())
    summary = play(endless, mllp(receiver.port), limit=150)
    assert (summary.deliveries, summary.ended, len(receiver.messages)) == (150, "limit", 150)


def test_it_ends_in_time_however_many_wait(start: Start) -> None:
    receiver = start("mllp", lambda _: SILENCE)
    endless = (delivery(number) for number in itertools.count())
    summary = play(endless, mllp(receiver.port), seconds=0.5)
    assert summary.ended == "out of time"
    assert summary.unsent > 0
    assert summary.deliveries == summary.unsent + summary.answers["mllp"]["timeout"]


def test_it_can_be_interrupted_between_two_events(start: Start) -> None:
    receiver = start("mllp", lambda _: "AA")

    async def run() -> Summary:
        player = Player([mllp(receiver.port)], 1.0, 1000.0)
        asyncio.get_running_loop().call_later(0.2, player.stop)
        return await player.play([delivery(1), delivery(2, after=900)])

    summary = asyncio.run(run())
    assert (summary.ended, summary.answers["mllp"]) == ("interrupted", {"AA": 1})
    assert summary.seconds < 100


@pytest.mark.parametrize("channel", [mllp, fhir])
def test_nobody_at_the_other_end_is_an_error_of_one_sentence(
    channel: Any, unused_tcp_port: int
) -> None:
    with pytest.raises(TargetError, match=rf"127\.0\.0\.1:{unused_tcp_port}.*cannot be reached"):
        play([delivery(1)], channel(unused_tcp_port))


def observation(code: str) -> dict[str, Any]:
    return {"resourceType": "Observation", "subject": {"reference": "Patient/x"}, "code": code}


def appointment(status: str) -> dict[str, Any]:
    return {"resourceType": "Appointment", "status": status, "participant": []}


def test_a_person_is_created_once_and_then_known_by_the_id_of_the_server(start: Start) -> None:
    server = start("http", lambda _: "201")
    two = [observation("a"), observation("b")]
    summary = play(
        [delivery(1, resources=two), delivery(2, resources=two[:1])], fhir(server.port, "secret")
    )
    assert [(method, path) for method, path, _ in server.requests] == [
        ("POST", "/fhir/Patient"),
        ("POST", "/fhir"),
        ("POST", "/fhir"),
    ]
    bundle = server.requests[1][2]
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
    assert [entry["resource"]["code"] for entry in bundle["entry"]] == ["a", "b"]
    assert {entry["request"]["url"] for entry in bundle["entry"]} == {"Observation"}
    subjects = {entry["resource"]["subject"]["reference"] for entry in bundle["entry"]}
    assert subjects == {"Patient/id-0"}
    assert summary.answers["fhir"] == {"201": 2}


def test_an_appointment_is_booked_and_then_updated(start: Start) -> None:
    server = start("http", lambda number: "201" if number < 2 else "200")
    booked, missed = (
        delivery(n, resources=[appointment(s)]) for n, s in enumerate(("booked", "noshow"))
    )
    assert play([booked, missed], fhir(server.port)).answers["fhir"] == {"201": 1, "200": 1}
    (_, _, _), (post, path, body), (put, item, update) = server.requests
    assert (post, path, put, item) == ("POST", "/fhir/Appointment", "PUT", "/fhir/Appointment/id-1")
    assert body["participant"][0]["actor"] == {"reference": "Patient/id-0"}
    assert (update["id"], update["status"]) == ("id-1", "noshow")


@pytest.mark.parametrize(
    ("behaviour", "counted"), [("422", "422"), (SILENCE, "timeout"), (CLOSE, "closed")]
)
def test_what_a_server_refuses_or_leaves_unanswered_is_counted(
    start: Start, behaviour: str, counted: str
) -> None:
    server = start("http", lambda number: behaviour if number == 0 else "201")
    some = [delivery(number, resources=[observation("a")]) for number in range(3)]
    summary = play(some, fhir(server.port))
    assert summary.answers["fhir"] == {counted: 1, "201": 2}
    assert [path for _, path, _ in server.requests[:2]] == ["/fhir/Patient"] * 2


def test_each_channel_gets_what_is_in_its_standard(start: Start) -> None:
    receiver, server = start("mllp", lambda _: "AA"), start("http", lambda _: "201")
    some = [delivery(1), delivery(2, resources=[observation("a")])]
    summary = play(some, mllp(receiver.port), fhir(server.port))
    assert summary.answers == {"mllp": Counter(AA=2), "fhir": Counter({"201": 1})}
