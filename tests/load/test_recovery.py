from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from codeblue.load import LoadPlan
from codeblue.load.recovery import Promise, Recovery, recovery

PROMISE = Promise(calm=(1, 5), spike_ends=10, within=10)


@dataclass
class Platform:
    """Serves in the order of arrival, ``per_second`` of them, each at least 10 ms.

    Once more than ``sticks`` seconds of work wait, its callers' retries halve what it can do, until
    the queue is empty again: with enough usual traffic, that is never.
    """

    per_second: float
    sticks: float = np.inf

    def latencies(self, due: NDArray[np.float64]) -> NDArray[np.float64]:
        free, slow = 0.0, False
        found = []
        for at in due.tolist():
            slow = free - at > self.sticks or (slow and free > at)
            free = max(free, at) + (2 if slow else 1) / self.per_second
            found.append(free - at + 0.01)
        return np.array(found)


def spike(rate: float, times: float, seconds: float) -> NDArray[np.float64]:
    """``times`` the usual rate from second 5 to 10."""
    shape = ((0, 1), (5, 1), (5, times), (10, times), (10, 1), (seconds, 1))
    plan = LoadPlan.model_validate(
        {"label": "x", "journeys": {"booking": rate}, "shape": shape, "seed": 5}
    )
    return plan.schedule().due


def judged(platform: Platform, due: NDArray[np.float64], timeout: float = 10.0) -> Recovery:
    latency = platform.latencies(due)
    return recovery(due, np.minimum(latency, timeout), latency < timeout, PROMISE)


@given(st.floats(10, 100), st.floats(1.5, 8), st.floats(1.2, 10))
def test_a_platform_is_back_when_its_queue_is_empty(
    rate: float, times: float, headroom: float
) -> None:
    capacity = 2 * rate * headroom
    due = spike(rate, times, 120)
    found = judged(Platform(capacity), due, timeout=1000)
    backlog = max(0.0, (times * rate - capacity) * 5)
    expected = backlog / (capacity - rate)
    assert found.comparable
    assert found.seconds is not None
    assert found.seconds <= 1.5 * expected + 3
    assert found.seconds >= 0.5 * expected - 3
    assert found.kept == (found.seconds <= 10)


def test_a_platform_that_sticks_to_its_overload_is_not_back() -> None:
    due = spike(50, 10, 40)
    healthy, stuck = Platform(150), Platform(90, sticks=0.5)
    assert judged(stuck, spike(50, 1, 40)).kept
    found = judged(stuck, due)
    assert found.comparable
    assert found.seconds is None
    assert not found.kept
    assert found.sentence == "not back to its baseline 30.0 s after the spike"
    assert judged(healthy, due).seconds is not None


def test_a_platform_that_is_back_too_late_does_not_keep_its_promise() -> None:
    found = judged(Platform(90), spike(50, 10, 120), timeout=1000)
    assert found.seconds is not None
    assert found.seconds > 10
    assert not found.kept


def test_a_spike_that_nobody_feels_is_over_at_once() -> None:
    found = judged(Platform(5000), spike(50, 10, 20))
    assert found.seconds == 0
    assert found.sentence == "back to its baseline 0.0 s after the spike"


def even(bad: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    due = np.arange(0, 20, 0.05)
    return due, np.ones(len(due), dtype=bool) if bad is None else ~bad


def test_failures_count_as_much_as_slow_answers() -> None:
    due, _ = even()
    ok = ~((due >= 10) & (due < 13))
    found = recovery(due, np.full(len(due), 0.02), ok, PROMISE)
    assert found.seconds == pytest.approx(3, abs=1.3)


@given(st.integers(0, 2**32))
def test_the_order_of_the_arrivals_does_not_matter(seed: int) -> None:
    due, _ = even()
    order = np.random.default_rng(seed).permutation(len(due))
    latency, ok = due % 0.3, (due * 7) % 5 > 0.3
    sorted_ = recovery(due, latency, ok, PROMISE)
    assert recovery(due[order], latency[order], ok[order], PROMISE) == sorted_


@given(st.sets(st.integers(200, 399), max_size=2))
def test_a_few_bad_arrivals_are_no_relapse(bad: set[int]) -> None:
    due, ok = even()
    ok[list(bad)] = False
    assert recovery(due, np.full(len(due), 0.02), ok, PROMISE).seconds == 0


def test_a_relapse_at_the_end_is_none() -> None:
    due, ok = even()
    ok[-10:] = False
    assert recovery(due, np.full(len(due), 0.02), ok, PROMISE).seconds is None


def test_what_was_slow_before_may_be_as_slow_after() -> None:
    due, ok = even()
    latency = np.where(due >= 10, 0.8, 0.3)
    assert recovery(due, latency, ok, PROMISE).seconds == 0
    assert recovery(due, latency + 0.2 * (due >= 10), ok, PROMISE).seconds is None


def test_nobody_notices_a_twentieth_of_a_second() -> None:
    due, ok = even()
    latency = np.where(due >= 10, 0.05, 0.002)
    assert recovery(due, latency, ok, PROMISE).seconds == 0


def test_nothing_returns_to_a_calm_that_was_none() -> None:
    due, ok = even()
    ok[:200:2] = False
    found = recovery(due, np.full(len(due), 0.02), ok, PROMISE)
    assert not found.comparable
    assert "only 50% were served" in found.sentence


@pytest.mark.parametrize("seconds", [(0, 1), (0, 10), (10, 20)])
def test_a_load_without_calm_or_aftermath_tells_nothing(seconds: tuple[int, int]) -> None:
    due = np.arange(*seconds, 0.1)
    with pytest.raises(ValueError, match="nothing was due"):
        recovery(due, due, due >= 0, PROMISE)


@pytest.mark.parametrize("calm", [(5, 1), (-1, 5), (1, 11), (2, 2)])
def test_a_calm_comes_before_the_end_of_the_spike(calm: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="calm"):
        Promise(calm=calm, spike_ends=10)
