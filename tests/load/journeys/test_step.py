"""A step tells what is known of its outcome, and no more."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.load.journeys.step import Step
from codeblue.load.ledger import Operation


def steps(status: int | None, action: str = "book", value: object = "p1") -> list[Operation]:
    """What is recorded of a step whose request was answered with ``status``, if it was."""
    recorded: list[Operation] = []
    step = Step(recorded.append, "slot", "riverside:s1", action, value)  # type: ignore[arg-type]
    with step:
        if status is not None:
            step.settle(status)
    return recorded


@given(status=st.integers(min_value=200, max_value=299))
def test_success_is_done(status: int) -> None:
    before = time.time()
    (found,) = steps(status)
    assert (found.history, found.object, found.action) == ("slot", "riverside:s1", "book")
    assert (found.value, found.outcome) == ("p1", "ok")
    assert found.completed is not None
    assert before <= found.invoked <= found.completed <= time.time()


@given(status=st.integers(min_value=400, max_value=499))
def test_what_the_client_got_wrong_did_not_happen(status: int) -> None:
    (found,) = steps(status)
    assert found.outcome == "refused"
    assert found.completed is not None


@given(status=st.none() | st.just(0) | st.integers(min_value=500, max_value=599))
def test_anything_else_may_have_happened(status: int | None) -> None:
    (found,) = steps(status)
    assert (found.outcome, found.completed) == ("unknown", None)


@pytest.mark.parametrize("status", [None, 0, 404, 503])
def test_what_was_not_read_tells_nothing(status: int | None) -> None:
    assert steps(status, "read", None) == []


def test_a_read_is_recorded_with_what_was_read() -> None:
    recorded: list[Operation] = []
    with Step(recorded.append, "list", "riverside:p1", "read", None) as step:
        step.settle(200, [])
    assert [(each.value, each.outcome) for each in recorded] == [([], "ok")]


def test_an_answer_that_never_came_is_recorded_when_the_journey_is_cut_off() -> None:
    recorded: list[Operation] = []
    with (
        pytest.raises(KeyboardInterrupt),
        Step(recorded.append, "slot", "riverside:s1", "book", "p1"),
    ):
        raise KeyboardInterrupt
    assert [each.outcome for each in recorded] == ["unknown"]
