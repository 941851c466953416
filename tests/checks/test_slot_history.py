"""Slots: what fits a serial order, and what is said of what does not."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.checks import slot_history
from codeblue.checks.slot_history import slot_anomalies
from codeblue.load.ledger import Operation

Outcome = Literal["ok", "refused", "unknown"]


def step(
    action: Literal["book", "cancel", "read"],
    value: Any,
    invoked: float,
    completed: float | None,
    outcome: Outcome = "ok",
) -> Operation:
    return Operation("slot", "riverside:9", action, value, invoked, completed, outcome)


def kinds(*operations: Operation) -> list[str]:
    found = slot_anomalies(operations)
    assert found is not None
    return [anomaly.kind for anomaly in found]


def test_one_booking_after_another_that_was_cancelled() -> None:
    assert not kinds(
        step("book", "ann", 0, 1),
        step("book", "bob", 2, 3, "refused"),
        step("read", ["ann"], 4, 5),
        step("cancel", "ann", 6, 7),
        step("read", [], 8, 9),
        step("book", "bob", 10, 11),
        step("read", "bob", 12, 13),
    )


def test_two_bookings_at_once_are_one_too_many() -> None:
    assert kinds(step("book", "ann", 0, 2), step("book", "bob", 1, 3)) == [
        "booked while it was held"
    ]


def test_two_holders_in_one_read() -> None:
    assert kinds(step("read", ["ann", "bob"], 0, 1)) == ["held by several"]


def test_a_booking_that_vanished() -> None:
    found = slot_anomalies([step("book", "ann", 0, 1), step("read", None, 2, 3)])
    assert found is not None
    [anomaly] = found
    assert anomaly.kind == "read as it was not"
    assert anomaly.sentence == (
        "riverside:9: read free at 00:00:02.000 UTC, though by then it was held by ann"
    )


def test_a_read_that_overlaps_the_booking_may_see_either() -> None:
    for seen in ([], ["ann"]):
        assert not kinds(step("book", "ann", 0, 3), step("read", seen, 1, 2))
    assert kinds(
        step("book", "ann", 0, 5), step("read", ["ann"], 1, 2), step("read", [], 3, 4)
    ) == ["read as it was not"]


def test_a_refused_booking_did_not_happen() -> None:
    assert kinds(step("book", "ann", 0, 1, "refused"), step("read", ["ann"], 2, 3))


@pytest.mark.parametrize("completed", [None, 1.0])
def test_an_unknown_booking_may_have_happened_or_not(completed: float | None) -> None:
    timeout = step("book", "ann", 0, completed, "unknown")
    assert not kinds(timeout, step("book", "bob", 2, 3))
    assert not kinds(timeout, step("read", [], 2, 3), step("read", ["ann"], 4, 5))
    assert kinds(timeout, step("read", ["ann"], 2, 3), step("read", [], 4, 5))
    assert kinds(timeout, step("read", ["ann"], 2, 3), step("book", "bob", 4, 5))


def test_an_unanswered_read_tells_nothing() -> None:
    assert not kinds(step("book", "ann", 0, 1), step("read", [], 2, None, "unknown"))


def test_a_stranger_says_nothing_about_those_who_asked() -> None:
    assert not kinds(step("read", ["eve"], 0, 1))
    assert not kinds(step("read", [], 0, 1), step("read", ["eve"], 2, 3))
    assert kinds(step("book", "ann", 0, 1), step("read", ["eve"], 2, 3))


def test_too_many_ways_leave_a_history_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_history, "MOST_REACHED", 10)
    doubts = [step("book", f"p{n}", 0, None, "unknown") for n in range(20)]
    assert slot_anomalies([*doubts, step("read", ["p0"], 1, 2)]) is None


times = st.integers(0, 6)


@given(st.lists(st.tuples(st.booleans(), times, times, st.floats(0, 1)), max_size=8))
def test_no_alarm_about_a_register_that_works(
    plan: list[tuple[bool, int, int, float]],
) -> None:
    """Each operation took effect somewhere in its time, and was answered accordingly."""
    acts = sorted(
        (begin + share * length, begin, length, book) for book, begin, length, share in plan
    )
    holder: str | None = None
    history = []
    for number, (_, begin, length, book) in enumerate(acts):
        if not book:
            history.append(step("read", holder, begin, begin + length))
        elif holder is None:
            holder = f"p{number}"
            history.append(step("book", holder, begin, begin + length))
        elif number % 2:
            history.append(step("cancel", holder, begin, begin + length))
            holder = None
        else:
            history.append(step("book", f"p{number}", begin, begin + length, "refused"))
    assert kinds(*history) == []
