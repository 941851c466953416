from __future__ import annotations

import asyncio
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.decisions.timeouts_deadlines import Deadline, Pilot, Production

from .conftest import Start, patient


def left(header: str | None) -> float:
    async def measure() -> float:
        remaining = Production().deadline(header).remaining()
        assert remaining is not None
        return remaining

    return asyncio.run(measure())


def test_a_request_has_two_seconds_or_what_its_caller_has_left() -> None:
    assert 1.5 < left(None) <= 2.0
    assert left("500") <= 0.5
    assert left("99999999") <= 2.0
    assert left("-5") == 0.0


@given(st.text())
def test_a_header_that_is_no_number_is_ignored_or_bounded(header: str) -> None:
    assert 0.0 <= left(header) <= 2.0


def test_pilot_never_ends_a_request() -> None:
    async def measure() -> None:
        deadline = Pilot().deadline("1")
        assert deadline.remaining() is None
        assert deadline.headers() == {}
        assert deadline.within(Pilot.edge).at is None

    asyncio.run(measure())
    assert Pilot().database()["command_timeout"] is None


def test_the_callee_is_told_what_is_left() -> None:
    async def header() -> str:
        return Deadline(None).within(0.7).headers()["X-Deadline"]

    assert 500 <= int(asyncio.run(header())) <= 700


@pytest.mark.slow
def test_a_partner_that_never_answers_ends_in_time(start: Start, silent: str) -> None:
    with start("production", edge_hub_insurer=silent, edge_hub_ehr=silent).client() as client:
        known = patient(client)
        begun = time.monotonic()
        question = {"patient": known, "payer": "p", "member": "m"}
        assert client.post("/v1/eligibility", json=question).status_code == 504
        lab = client.post("/v1/lab-requests", json={"patient": known, "code": "718-7"})
        assert lab.status_code == 504
        assert time.monotonic() - begun < 2 * 2.4


@pytest.mark.slow
def test_pilot_waits_for_ever(start: Start, silent: str) -> None:
    platform = start("production-timeouts_deadlines", edge_hub_ehr=silent)
    with platform.client() as client:
        request = {"patient": patient(client), "code": "718-7"}
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/lab-requests", json=request, timeout=2.5)


@pytest.mark.slow
def test_the_chart_is_served_while_the_cache_hangs(start: Start, silent: str) -> None:
    with start("production", edge_gateway_valkey=silent).client() as client:
        known = patient(client)
        assert client.get(f"/v1/patients/{known}/chart").status_code == 200


@pytest.mark.slow
def test_a_hanging_database_is_not_waited_for(start: Start, silent: str) -> None:
    platform = start("production", edge_scheduling_postgres=silent)
    with platform.client() as client:
        assert client.get("/v1/slots").status_code == 504
        assert client.get("/health/ready").status_code in {503, 504}
