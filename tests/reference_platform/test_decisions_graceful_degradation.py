from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from reference_platform.contract import cds
from reference_platform.decisions.graceful_degradation import Pilot, Production
from reference_platform.settings import Settings

from .conftest import Start, patient, until
from .test_services_cds import examined, score

NOW = datetime(2031, 3, 3, 8, 0, 10, tzinfo=UTC)
LAST = {"status": "complete", "score": 5, "risk": "medium", "computed_at": "2031-03-03T08:00:00Z"}
GONE = "127.0.0.1:1"


def test_an_old_score_has_its_age_on_it() -> None:
    shown, degraded = Production().summary(LAST, NOW)
    assert (shown["score"], shown["stale"], shown["age_seconds"]) == (5, True, 10)
    assert degraded == ["cds"]
    assert Pilot().summary(LAST, NOW) == (LAST, [])


def test_no_score_is_not_zero() -> None:
    shown, degraded = Production().summary(None, NOW)
    assert (shown["score"], shown["status"]) == (None, "not available")
    assert "by hand" in shown["prompt"]
    assert degraded == ["cds"]
    assert Pilot().summary(None, NOW)[0]["score"] == 0


def test_a_missing_parameter_leaves_no_total() -> None:
    assert Production().total({"pulse": 1}, ["temperature"]) is None
    assert Production().total({"pulse": 1, "temperature": 2}, []) == 3
    assert Pilot().total({"pulse": 1}, ["temperature"]) == 1


def summary(client: httpx.Client, known: str) -> dict[str, Any]:
    answer = client.get(f"/v1/patients/{known}/summary")
    assert answer.status_code == 200, answer.text
    cds.Summary.model_validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.slow
def test_without_cds_there_is_a_chart_and_a_marked_score(start: Start) -> None:
    with start("production").client() as client:
        scored, unscored = examined(client), patient(client)
        fresh = summary(client, scored)
        assert (fresh["degraded"], fresh["news2"]["score"]) == ([], 9)
        assert "stale" not in fresh["news2"]
        assert summary(client, unscored)["news2"]["status"] == "incomplete"
    with start("production", edge_gateway_cds=GONE).client() as client:
        for _ in range(20):  # more than any circuit breaker needs to open
            old, none = summary(client, scored), summary(client, unscored)
            assert old["degraded"] == none["degraded"] == ["cds"]
            assert (old["news2"]["score"], old["news2"]["stale"]) == (9, True)
            assert (none["news2"]["status"], none["news2"]["score"]) == ("not available", None)
        assert client.get("/v1/patients/nobody/summary").status_code == 404


@pytest.mark.slow
def test_the_pilot_shows_something_without_a_mark(start: Start) -> None:
    with start("production").client() as client:
        scored, unscored = examined(client), patient(client)
        score(client, scored)
    with start("production-graceful_degradation", edge_gateway_cds=GONE).client() as client:
        old, none = summary(client, scored), summary(client, unscored)
    assert old["degraded"] == none["degraded"] == []
    assert (old["news2"]["score"], none["news2"]["score"]) == (9, 0)


@contextmanager
def read_only(backing: Settings) -> Iterator[None]:
    async def set_to(state: str) -> None:
        connection = await asyncpg.connect(backing.postgres_url)
        await connection.execute("SET default_transaction_read_only = off")
        await connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {state}")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()

    async def reads_only() -> str:
        connection = await asyncpg.connect(backing.postgres_url)
        state: str = await connection.fetchval("SHOW default_transaction_read_only")
        await connection.close()
        return state

    def switch(state: str) -> None:
        asyncio.run(set_to(state))
        until(lambda: asyncio.run(reads_only()) == state)

    switch("on")
    try:
        yield
    finally:
        switch("off")


@pytest.mark.slow
def test_reading_goes_on_when_nothing_can_be_written(start: Start, backing: Settings) -> None:
    resource = {"resourceType": "Patient", "name": [{"family": "Later"}]}
    platform, pilot = start("production"), start("production-graceful_degradation")
    with platform.client() as client, pilot.client() as other:
        known = examined(client)
        score(other, known)
        with read_only(backing):
            written = client.post("/v1/fhir/Patient", json=resource)
            unclear = other.post("/v1/fhir/Patient", json=resource)
            told = score(client, known)
            read = client.get(f"/v1/fhir/Patient/{known}")
        assert client.post("/v1/fhir/Patient", json=resource).status_code == 201
    assert (written.status_code, unclear.status_code) == (503, 500)
    assert "Read-only" in written.text
    assert "Retry-After" in written.headers
    assert (told["score"], told["degraded"]) == (9, ["assessments"])
    assert read.status_code == 200


@pytest.mark.slow
def test_a_cds_that_never_answers_costs_no_chart(start: Start, silent: str) -> None:
    with start("production").client() as client:
        scored = examined(client)
        score(client, scored)
    with start("production", edge_gateway_cds=silent).client() as client:
        for _ in range(3):
            told = summary(client, scored)
            assert told["degraded"] == ["cds"]
            assert (told["news2"]["score"], told["news2"]["stale"]) == (9, True)
