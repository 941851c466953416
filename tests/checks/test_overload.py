"""The knee and what is served beyond it, on loads whose answers are known."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from codeblue.checks.overload import overload, prompt_share
from codeblue.journal.arrivals import Arrivals, Outcome

CAPACITY, OFFERED, SECONDS = 50.0, 200.0, 8.0
TOP = (4.0, 8.0)


def arrivals(
    due: NDArray[np.float64], latency: NDArray[np.float64], outcome: NDArray[np.uint8]
) -> Arrivals:
    return Arrivals(
        started=0.0,
        streams=("noisy",),
        stream=np.zeros(len(due), np.uint16),
        due=due,
        latency=latency.astype(np.float32),
        service=latency.astype(np.float32),
        requests=np.ones(len(due), np.uint32),
        outcome=outcome,
    )


def shed() -> Arrivals:
    """Every fourth arrival is served in 0.1 s, the others are turned away at once."""
    due = np.arange(0, SECONDS, 1 / OFFERED)
    served = np.arange(len(due)) % 4 == 0
    outcome = np.where(served, Outcome.OK, Outcome.FAILED).astype(np.uint8)
    return arrivals(due, np.where(served, 0.1, 0.001), outcome)


def queued() -> Arrivals:
    """Everybody is served in turn, 50 a second, and so waits longer and longer."""
    due = np.arange(0, SECONDS, 1 / OFFERED)
    done = (np.arange(len(due)) + 1) / CAPACITY
    return arrivals(due, done - due, np.full(len(due), Outcome.OK, np.uint8))


def test_who_sheds_serves_as_much_beyond_the_knee_as_at_it() -> None:
    result = overload(shed(), TOP, prompt=2.0)
    assert result.knee == pytest.approx(CAPACITY, abs=1)
    assert result.times == pytest.approx(OFFERED / CAPACITY, rel=0.05)
    assert result.kept == pytest.approx(1, abs=0.05)


def test_who_lets_everybody_wait_serves_nobody_in_time() -> None:
    result = overload(queued(), TOP, prompt=2.0)
    assert result.knee == pytest.approx(CAPACITY, abs=1)
    assert result.kept == 0


def test_an_answer_that_is_an_error_is_not_served() -> None:
    due = np.arange(0, SECONDS, 0.01)
    result = overload(
        arrivals(due, np.zeros(len(due)), np.full(len(due), Outcome.FAILED, np.uint8)), TOP, 2.0
    )
    assert (result.knee, result.goodput, result.kept) == (0, 0, 0)
    assert isnan(result.times)


def test_the_share_that_is_served_in_time() -> None:
    assert prompt_share(shed(), prompt=2.0) == 0.25
    assert prompt_share(shed(), prompt=0.05) == 0
    waited = queued().between(0, 1)
    assert prompt_share(waited, prompt=2.0) == pytest.approx(2.0 / 3.0, abs=0.01)
    assert prompt_share(shed().of("quiet"), prompt=2.0) == 1


@given(st.lists(st.tuples(st.floats(0, 8), st.floats(0, 4), st.integers(0, 2)), max_size=80))
def test_the_knee_is_the_best_second_however_the_answers_come(
    each: list[tuple[float, float, int]],
) -> None:
    due, latency, outcome = (np.array(column) for column in zip(*each, strict=True)) if each else (
        np.empty(0), np.empty(0), np.empty(0)
    )  # fmt: skip
    load = arrivals(due.astype(np.float64), latency, outcome.astype(np.uint8))
    result = overload(load, TOP, prompt=2.0)
    ok = (load.outcome == Outcome.OK) & (load.latency <= 2.0)
    served = (load.due + load.latency)[ok]
    best = max((int(((served >= at) & (served < at + 1)).sum()) for at in served), default=0)
    assert result.knee == best
    assert 0 <= result.goodput <= len(served) / (TOP[1] - TOP[0])
