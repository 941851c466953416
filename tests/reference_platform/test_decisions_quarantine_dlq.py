from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from reference_platform import mllp
from reference_platform.decisions import quarantine_dlq
from reference_platform.dialects import Code, Problem

from .conftest import Running, Start

SECRET = "Geheimnis"


def adt(visit: str, control_id: str, facility: str = "RIVERSIDE") -> str:
    return "\r".join([
        f"MSH|^~\\&|EHR|{facility}|HUB|HUB|20310303010000||ADT^A01|{control_id}|T|2.5.1",
        "EVN|A01|20310303010000",
        f"PID|1||M-{visit}^^^{facility}^MR||{SECRET}^Anna||19800517|F",
        f"PV1|1|I|W1||||||||||||||||{visit}",
    ])  # fmt: skip


def send(platform: Running, messages: list[str]) -> list[str]:
    """The acknowledgements on one connection; "" for those that never came."""

    async def run() -> list[str]:
        answers: list[str] = []
        reader, writer = await asyncio.open_connection("127.0.0.1", platform.settings.mllp_port)
        for message in messages:
            try:
                answers.append((await mllp.exchange(reader, writer, message.encode())).decode())
            except (mllp.MllpError, OSError):
                answers.append("")
        writer.close()
        return answers

    return asyncio.run(asyncio.wait_for(run(), 30))


def administrator(platform: Running, tenant: str = "riverside") -> httpx.Client:
    return platform.client(f"{tenant}-administrator")


def held(client: httpx.Client, run: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/quarantine")
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["messages"] if run in each["control_id"]]


def code(acknowledgement: str) -> str:
    return acknowledgement.partition("MSA|")[2][:2]


def feed_of(run: str, count: int, poison: set[int]) -> list[str]:
    feed = [adt(f"V{run}{n}", f"{run}-{n}") for n in range(count)]
    return [m.replace("EVN|A01|2031", "EVN|A01|soon") if n in poison else m
            for n, m in enumerate(feed)]  # fmt: skip


def applied(client: httpx.Client, run: str, count: int) -> int:
    answers = [client.get(f"/v1/visits/V{run}{n}").status_code for n in range(count)]
    return answers.count(200)


@pytest.mark.slow
def test_nothing_that_was_sent_is_lost(start: Start) -> None:
    """Sent = applied + quarantined, and after repair = applied."""
    platform, run, poison = start("production"), uuid4().hex[:8], {3, 11, 12, 20, 39}
    codes = [code(answer) for answer in send(platform, feed_of(run, 40, poison))]
    assert [n for n, each in enumerate(codes) if each == "AR"] == sorted(poison)
    with platform.client() as ward, administrator(platform) as client:
        assert (applied(ward, run, 40), len(held(client, run))) == (35, 5)
        for each in held(client, run):
            told = client.get(f"/v1/quarantine/{each['id']}").json()
            again = client.post(f"/v1/quarantine/{each['id']}/replay", json={})
            assert (again.status_code, again.json()["state"]) == (200, "held")
            repaired = {"message": told["message"].replace("soon", "2031").replace("\r", "\n")}
            after = client.post(f"/v1/quarantine/{each['id']}/replay", json=repaired)
            assert (after.status_code, after.json()["state"]) == (200, "applied")
        assert applied(ward, run, 40) == 40
        assert {each["state"] for each in held(client, run)} == {"applied"}
        done = client.post(f"/v1/quarantine/{each['id']}/replay", json={})
        assert done.status_code == 409


@pytest.mark.slow
def test_in_the_pilot_one_bad_message_ends_the_feed(start: Start) -> None:
    platform, run = start("production-quarantine_dlq"), uuid4().hex[:8]
    answers = send(platform, feed_of(run, 6, {2}))
    assert [code(answer) for answer in answers] == ["AA", "AA", "", "", "", ""]
    with platform.client() as ward, administrator(platform) as client:
        assert (applied(ward, run, 6), held(client, run)) == (2, [])


@pytest.mark.slow
def test_a_refusal_says_where_and_shows_no_patient(start: Start) -> None:
    platform, run = start("production"), uuid4().hex[:8]
    bad = adt(f"V{run}", run).replace("PV1|1|I", "PV1|1|?")
    answers = send(platform, [bad, bad, bad])
    assert "\rERR||PV1^1^2^1^1|103^^HL70357|E" in answers[0]
    with administrator(platform) as client:
        (one,) = held(client, run)
        listed = client.get("/v1/quarantine", params={"state": "held"}).text
        assert SECRET not in listed
        assert SECRET in client.get(f"/v1/quarantine/{one['id']}").text
    assert (one["times"], one["place"], one["sender"]) == (3, "PV1-2", "EHR|RIVERSIDE")
    assert f"M-V{run}" not in "".join([*answers, listed])


@pytest.mark.slow
def test_quarantine_is_of_its_hospital_and_for_administrators(start: Start) -> None:
    platform, run = start("production"), uuid4().hex[:8]
    bad = adt(f"V{run}", run, "LAKESIDE").replace("EVN|A01|2031", "EVN|A01|soon")
    nowhere = adt(f"V{run}", f"{run}N", "NOWHERE")
    assert [code(answer) for answer in send(platform, [bad, nowhere])] == ["AR", "AR"]
    with administrator(platform) as other, platform.client() as clinician:
        assert held(other, run) == []
        assert clinician.get("/v1/quarantine").status_code == 403
    with administrator(platform, "platform") as keeper:
        (one,) = held(keeper, run)
        assert one["place"] == "MSH-4"
        repaired = {"message": nowhere.replace("NOWHERE", "RIVERSIDE")}
        after = keeper.post(f"/v1/quarantine/{one['id']}/replay", json=repaired)
        assert after.json()["state"] == "applied"
    with platform.client() as clinician:
        assert clinician.get(f"/v1/visits/V{run}").json()["status"] == "admitted"


@pytest.mark.slow
def test_nobody_repairs_a_message_into_another_hospital(start: Start) -> None:
    platform, run = start("production"), uuid4().hex[:8]
    bad = adt(f"V{run}", run).replace("EVN|A01|2031", "EVN|A01|soon")
    send(platform, [bad])
    with administrator(platform) as client, platform.client("lakeside") as other:
        (one,) = held(client, run)
        theirs = {"message": adt(f"V{run}", run, "LAKESIDE")}
        answer = client.post(f"/v1/quarantine/{one['id']}/replay", json=theirs).json()
        assert (answer["state"], answer["place"]) == ("held", "MSH-4")
        assert other.get(f"/v1/visits/V{run}").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "answers"),
    [
        ("production", {"AA": 35, "AR": 5}),
        ("production-quarantine_dlq", {"AA": 35, "none": 5}),
    ],
)
def test_a_feed_as_the_legacy_ehr_sends_it(
    start: Start, profile: str, answers: dict[str, int]
) -> None:
    ports, seed = start(profile).settings, uuid4().int % 10**6
    feed = {"port": ports.mllp_port, "dialect": "ashgrove", "count": 40, "poison": 5, "seed": seed}
    told = httpx.post(f"http://127.0.0.1:{ports.insurer_port}/ehr/feed", json=feed, timeout=60)
    assert told.json()["acknowledged"] == answers
    assert len(told.json()["visits"]) == 35


def act(decision: quarantine_dlq.QuarantineDlq, error: Exception | None) -> tuple[Any, list[str]]:
    """The problem that guarding a message told, and the places that were held."""
    kept: list[str] = []

    async def apply() -> None:
        if error:
            raise error

    async def hold(problem: Problem) -> None:
        kept.append(problem.place)

    guard: Callable[..., Awaitable[Problem | None]] = decision.guard
    return asyncio.run(guard(apply, hold)), kept  # type: ignore[arg-type]


def test_production_holds_what_is_bad_and_nothing_else() -> None:
    production = quarantine_dlq.Production()
    problem = Problem("PID-3", Code.MISSING, "missing")
    assert act(production, None) == (None, [])
    assert act(production, problem) == (problem, ["PID-3"])
    assert act(production, RecursionError())[1] == ["MSH"]
    with pytest.raises(ConnectionError):
        act(production, ConnectionError())


def test_the_pilot_raises_whatever_comes() -> None:
    assert act(quarantine_dlq.Pilot(), None) == (None, [])
    with pytest.raises(Problem):
        act(quarantine_dlq.Pilot(), Problem("PID-3", Code.MISSING, "missing"))
