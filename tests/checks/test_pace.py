"""A steady pace goes on while nothing is answered, and shows it."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from codeblue.checks.pace import Timed, p95, paced

RATE = 100.0


def test_every_request_that_was_due_is_sent_and_waited_for() -> None:
    numbers: list[int] = []

    def send(number: int) -> int:
        numbers.append(number)
        return 201

    began = time.monotonic()
    with paced(send, RATE) as timed:
        time.sleep(0.3)
    assert sorted(numbers) == list(range(len(timed)))
    assert 1 <= len(timed) <= 1 + RATE * (time.monotonic() - began)
    assert {one.status for one in timed} == {201}


def test_a_freeze_is_seen_by_everybody_who_came_during_it() -> None:
    thawed = threading.Event()

    def send(_: int) -> int:
        thawed.wait(10)
        return 200

    with paced(send, RATE) as timed:
        time.sleep(0.5)
        thawed.set()
    waits = sorted(one.seconds for one in timed)
    assert waits[-1] >= 0.5
    # Who came in the middle of the freeze waited for half of it, not for one pause of a user.
    assert 0.1 < waits[len(waits) // 2] < waits[-1]


def test_a_request_without_an_answer_has_status_0() -> None:
    def send(number: int) -> int:
        raise httpx.ReadTimeout(str(number))

    with paced(send, RATE) as timed:
        time.sleep(0.05)
    assert {one.status for one in timed} == {0}


def test_what_is_wrong_with_the_caller_is_raised() -> None:
    def send(_: int) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), paced(send, RATE):
        time.sleep(0.05)


def test_p95_is_a_time_that_occurred() -> None:
    assert p95([Timed(0, n / 1000, 200) for n in range(1, 101)]) == pytest.approx(95)
    assert p95([]) == 0
