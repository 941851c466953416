"""Work that is done later: its end is waited for, and what never ends is told apart."""

from __future__ import annotations

import time

import httpx
import pytest

from codeblue.checks.background import UNKNOWN, accepted, outcomes
from codeblue.checks.burst import burst

from .referring import LATER, hospital_that


def _letters(client: httpx.Client, count: int) -> list[str]:
    requests = [client.build_request("POST", "/v1/discharges", json={}) for _ in range(count)]
    return [f"/v1/letters/{accepted(one)}" for one in burst(requests, over=0)]


@pytest.mark.parametrize("habit", ["", "busy"])
def test_all_is_waited_for_until_it_is_done(habit: str) -> None:
    with hospital_that(habit) as client:
        places = _letters(client, 5)
        began = time.monotonic()
        assert outcomes(client, places, {"done"}, within=10) == dict.fromkeys(places, "done")
        assert LATER / 2 < time.monotonic() - began < 5


@pytest.mark.parametrize(("habit", "status"), [("stuck", "accepted"), ("forgetful", UNKNOWN)])
def test_what_never_ends_keeps_its_last_status(habit: str, status: str) -> None:
    with hospital_that(habit) as client:
        places = _letters(client, 2)
        assert outcomes(client, places, {"done"}, within=0.5) == dict.fromkeys(places, status)


def test_what_cannot_be_reached_is_unknown() -> None:
    with httpx.Client(base_url="http://127.0.0.1:9") as client:
        assert outcomes(client, ["/v1/letters/1"], {"done"}, within=0) == {"/v1/letters/1": UNKNOWN}


def test_nothing_ends_at_once() -> None:
    with httpx.Client(base_url="http://127.0.0.1:9") as client:
        assert outcomes(client, [], {"done"}, within=60) == {}


def test_a_refusal_accepts_nothing() -> None:
    with hospital_that("refused") as client:
        request = client.build_request("POST", "/v1/referrals", json={"slot": "1"})
        assert [accepted(one) for one in burst([request], over=0)] == [None]
