"""Histories from the files of a run, and both models against trying every order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.checks.history import HistoryResult, check_histories, judge_histories
from codeblue.checks.list_history import list_anomalies
from codeblue.checks.slot_history import slot_anomalies
from codeblue.errors import UsageError
from codeblue.journal import RunDirectory, read_events
from codeblue.load.ledger import LedgerWriter, Operation
from codeblue.session import Session
from codeblue.target import Target


def book(slot: str, who: str, invoked: float, completed: float) -> Operation:
    return Operation("slot", slot, "book", who, invoked, completed, "ok")


def append(value: str, invoked: float, completed: float) -> Operation:
    return Operation("list", "riverside:7", "append", value, invoked, completed, "ok")


def read(values: list[str], invoked: float, completed: float) -> Operation:
    return Operation("list", "riverside:7", "read", values, invoked, completed, "ok")


def record(run: Path, *operations: Operation, worker: str = "0") -> None:
    writer = LedgerWriter(run, "spike", worker)
    for operation in operations:
        writer.write(operation)


def test_histories_that_are_in_order(tmp_path: Path) -> None:
    record(tmp_path, book("s1", "ann", 0, 1), book("s2", "ann", 0, 1), append("a", 0, 1))
    record(tmp_path, read(["a"], 2, 3), worker="1")
    assert judge_histories(tmp_path, "spike") == HistoryResult(3, 4, 0, 0, {})


def test_an_anomaly_of_each_model(tmp_path: Path) -> None:
    record(tmp_path, book("s1", "ann", 0, 1), append("a", 0, 1), book("s2", "ann", 0, 1))
    record(tmp_path, book("s1", "bob", 2, 3), read([], 2, 3), worker="1")
    result = judge_histories(tmp_path, "spike")
    assert (result.objects, result.operations, result.anomalies) == (3, 5, 2)
    assert result.broke
    assert result.examples == {
        "booked while it was held": [
            "s1: book bob at 00:00:02.000 UTC, though by then it was held by ann"
        ],
        "acknowledged, and not on the list": [
            "riverside:7: append a at 00:00:00.000 UTC, then read [] at 00:00:02.000 UTC"
        ],
    }


def test_only_a_few_examples_are_told(tmp_path: Path) -> None:
    for number in range(9):
        record(tmp_path, *(book(f"s{number}", who, 0, 1) for who in ("ann", "bob")))
    result = judge_histories(tmp_path, "spike")
    assert result.anomalies == 9
    assert [len(sentences) for sentences in result.examples.values()] == [5]


def test_what_wrong_clocks_explain_is_no_anomaly(tmp_path: Path) -> None:
    record(tmp_path, append("a", 10, 11))
    record(tmp_path, read([], 11.1, 11.2), worker="1")
    assert judge_histories(tmp_path, "spike").broke
    assert not judge_histories(tmp_path, "spike", skew=0.1).broke


def test_a_history_without_a_model_is_a_mistake(tmp_path: Path) -> None:
    fields: Any = {"history": "lists", "object": "7", "action": "read", "value": []}
    record(tmp_path, Operation(**fields, invoked=0, completed=1, outcome="ok"))
    with pytest.raises(UsageError, match=r'"lists": no such model\. Did you mean "list"'):
        judge_histories(tmp_path, "spike")


def test_histories_are_journaled(tmp_path: Path) -> None:
    record(tmp_path, book("s1", "ann", 0, 1), book("s1", "bob", 2, 3))
    target = Target(name="Hospital", base_url="http://127.0.0.1")
    session = Session(target, RunDirectory(tmp_path), "", "production", 1, tmp_path)
    assert check_histories(session, "spike").broke
    [event] = read_events(tmp_path)
    assert (event["kind"], event["load"], event["anomalies"]) == ("history", "spike", 1)
    assert "booked while it was held" in event["examples"]


def test_a_load_without_histories(tmp_path: Path) -> None:
    assert judge_histories(tmp_path, "spike") == HistoryResult(0, 0, 0, 0, {})


Order = Sequence[Operation]


def fits(operations: Order, legal: Callable[[Order], bool]) -> bool:
    """The definition: some order of what happened, and of some of what may have, is legal."""
    sure = [o for o in operations if o.outcome == "ok"]
    maybe = [o for o in operations if o.outcome == "unknown" and o.action != "read"]
    for chosen in range(1 << len(maybe)):
        some = [o for bit, o in enumerate(maybe) if chosen >> bit & 1]
        if any(in_time(order) and legal(order) for order in permutations([*sure, *some])):
            return True
    return False


def in_time(order: Order) -> bool:
    """Whether nothing stands before what was over when it began."""
    return not any(
        later.over < earlier.invoked
        for place, earlier in enumerate(order)
        for later in order[place + 1 :]
    )


def legal_slot(order: Order) -> bool:
    holder = None
    for operation in order:
        if holder != (None if operation.action == "book" else operation.value):
            return False
        if operation.action != "read":
            holder = operation.value if operation.action == "book" else None
    return True


def legal_list(order: Order) -> bool:
    held: list[str] = []
    for operation in order:
        if operation.action == "append":
            held.append(operation.value)
        elif operation.value != held:
            return False
    return True


Outcome = Literal["ok", "refused", "unknown"]

times = st.integers(0, 6)
outcomes: st.SearchStrategy[Outcome] = st.sampled_from(["ok", "ok", "ok", "unknown", "refused"])
on_slots = st.builds(
    lambda action, who, free, begin, length, outcome: Operation(
        "slot", "s", action, None if free and action == "read" else who, begin, begin + length,
        outcome,
    ),
    st.sampled_from(["book", "cancel", "read"]),
    st.sampled_from(["ann", "bob"]),
    st.booleans(),
    times,
    times,
    outcomes,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(on_slots, max_size=6))
def test_slots_are_judged_as_by_trying_every_order(operations: list[Operation]) -> None:
    # Both are asked for by somebody, so that neither is a stranger.
    asked = [Operation("slot", "s", "book", who, 0.0, None, "refused") for who in ("ann", "bob")]
    assert (slot_anomalies([*asked, *operations]) == []) == fits(operations, legal_slot)


appends = st.tuples(times, times, outcomes)
# Mostly in one order, else nearly every history is wrong for the same reason.
orders = st.just("abc") | st.permutations("abc").map("".join)
reads = st.tuples(orders, st.integers(0, 3), times, times)


@settings(max_examples=300, deadline=None)
@given(st.lists(appends, min_size=3, max_size=3), st.lists(reads, max_size=3))
def test_lists_are_judged_as_by_trying_every_order(
    sent: list[tuple[int, int, Outcome]], seen: list[tuple[str, int, int, int]]
) -> None:
    history = [
        Operation("list", "l", "append", value, begin, begin + length, outcome)
        for value, (begin, length, outcome) in zip("abc", sent, strict=True)
    ]
    history += [read(list(order[:size]), begin, begin + n) for order, size, begin, n in seen]
    assert (list_anomalies(history) == []) == fits(history, legal_list)
