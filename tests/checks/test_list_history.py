"""Append-only lists: what fits a serial order, and what is said of what does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.checks.list_history import list_anomalies
from codeblue.load.ledger import Operation

Outcome = Literal["ok", "refused", "unknown"]


def append(
    value: object, invoked: float, completed: float | None, outcome: Outcome = "ok"
) -> Operation:
    return Operation("list", "riverside:7", "append", value, invoked, completed, outcome)


def read(
    values: Sequence[object], invoked: float, completed: float | None, outcome: Outcome = "ok"
) -> Operation:
    return Operation("list", "riverside:7", "read", list(values), invoked, completed, outcome)


def kinds(*operations: Operation) -> list[str]:
    return [anomaly.kind for anomaly in list_anomalies(operations)]


def test_appends_and_reads_in_turn() -> None:
    assert not kinds(
        read("", 0, 1),
        append("a", 2, 3),
        append("b", 4, 5),
        append("x", 4, 5, "refused"),
        read("ab", 6, 7),
        append("c", 8, 9),
    )


def test_an_acknowledged_append_that_a_later_read_does_not_show() -> None:
    [anomaly] = list_anomalies([append("a", 0, 1), append("b", 2, 3), read("a", 4, 5)])
    assert anomaly.kind == "acknowledged, and not on the list"
    assert anomaly.sentence == (
        "riverside:7: append b at 00:00:02.000 UTC, then read [a] at 00:00:04.000 UTC"
    )


def test_what_comes_late_was_not_there_in_between() -> None:
    late = [append("a", 0, 1), read("", 2, 3), read("a", 4, 5)]
    assert kinds(*late) == ["acknowledged, and not on the list"]


def test_the_lost_update_of_two_who_read_before_they_wrote() -> None:
    overwritten = [append("a", 0, 1), append("b", 0, 1), append("c", 2, 3)]
    found = kinds(*overwritten, read("ab", 1.5, 1.6), read("ac", 4, 5))
    assert found == ["acknowledged, and not on the list"]


def test_reads_that_disagree() -> None:
    both = [append("a", 0, 9), append("b", 0, 9)]
    assert kinds(*both, read("ab", 10, 11), read("ba", 10, 11)) == ["read in different orders"]


def test_a_read_that_goes_back() -> None:
    growing = [append("a", 0, None, "unknown"), read("a", 1, 2), read("", 3, 4)]
    assert kinds(*growing) == ["read as it was before"]


def test_an_entry_that_is_there_twice() -> None:
    assert kinds(append("a", 0, 1), read("aa", 2, 3)) == ["on the list twice"]
    assert not kinds(append("a", 0, None, "unknown"), append("a", 2, 3), read("aa", 4, 5))


def test_a_refused_entry_that_is_there() -> None:
    assert kinds(append("a", 0, 1, "refused"), read("a", 2, 3)) == ["refused, and on the list"]


def test_an_entry_that_was_tried_again() -> None:
    tried = [append("a", 0, None, "unknown"), append("a", 4, 5)]
    assert not kinds(*tried, read("a", 1, 2))
    refused = [append("a", 0, 1, "refused"), append("a", 4, 5)]
    assert not kinds(*refused, read("a", 6, 7))


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_appends_at_once_may_stand_either_way(order: str) -> None:
    assert not kinds(append("a", 0, 2), append("b", 1, 3), read(order, 4, 5))


def test_appends_in_turn_stand_in_turn() -> None:
    found = kinds(append("a", 0, 1), append("b", 2, 3), read("ba", 4, 5))
    assert found == ["appended in another order"]


def test_what_was_seen_before_it_was_sent() -> None:
    assert kinds(read("a", 0, 1), append("a", 2, 3)) == ["read before it was sent"]


def test_a_timeout_may_have_happened_or_not() -> None:
    timeout = append("a", 0, None, "unknown")
    assert not kinds(timeout, read("", 1, 2), read("a", 3, 4))
    assert not kinds(timeout, append("b", 1, 2), read("b", 3, 4), read("ba", 5, 6))


def test_strangers_say_nothing() -> None:
    assert not kinds(append("a", 0, 1), read("xxa", 2, 3), read("xxay", 4, 5))


def test_an_unanswered_read_tells_nothing() -> None:
    assert not kinds(append("a", 0, 1), read("", 2, None, "unknown"))


def test_values_may_be_anything() -> None:
    code = {"code": "227037002"}
    assert not kinds(append(code, 0, 1), read([code], 2, 3))
    assert kinds(append(code, 0, 1), read([code, code], 2, 3)) == ["on the list twice"]


times = st.integers(0, 6)


@given(st.lists(st.tuples(st.booleans(), times, times, st.floats(0, 1)), max_size=12))
def test_no_alarm_about_a_list_that_works(plan: list[tuple[bool, int, int, float]]) -> None:
    """Each operation took effect somewhere in its time, and was answered accordingly."""
    acts = sorted((b + share * length, b, length, new) for new, b, length, share in plan)
    held: list[str] = []
    history = []
    for number, (_, begin, length, new) in enumerate(acts):
        if new:
            held.append(str(number))
            history.append(append(str(number), begin, begin + length))
        else:
            history.append(read(held, begin, begin + length))
    assert kinds(*history) == []
