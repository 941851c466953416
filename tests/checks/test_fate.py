"""What became of writes: a model platform with one planted fault, and without any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codeblue.checks.fate import Count, Place, Tally
from codeblue.checks.holding import Held
from codeblue.load.ledger import Acknowledged, Unconfirmed

Body = dict[str, Any]


def write(
    identity: str,
    must: Body | None,
    at: float = 1.0,
    invoked: float | None = None,
) -> Acknowledged:
    return Acknowledged("order", "riverside", identity, "p1", "/place", must, at, invoked)


def doubt(identity: str, must: Body | None) -> Unconfirmed:
    return Unconfirmed("order", "riverside", identity, "/place", must)


def fates(
    writes: list[Acknowledged], body: Body, *doubts: Unconfirmed, skew: float = 0.0
) -> dict[Count, int]:
    tally = Tally()
    Place(writes, doubts, Held(body), skew).judge(tally)
    return tally.counts


def listed(*entries: Body) -> Body:
    return {"orders": list(entries)}


A, B = {"id": "1", "code": "A"}, {"id": "2", "code": "B"}


def test_kept_lost_and_duplicated_in_one_list() -> None:
    writes = [write("1", {"code": "A"}), write("2", {"code": "B"}), write("3", {"code": "C"})]
    found = fates(writes, listed(A, A | {"id": "4"}, B))
    assert found == {"kept": 2, "lost": 1, "duplicated": 1}


def test_two_of_the_same_are_no_duplicates_of_each_other() -> None:
    same = [write("1", {"code": "A"}), write("2", {"code": "A"})]
    assert fates(same, listed(A, A | {"id": "2"})) == {"kept": 2}
    assert fates(same, listed({"code": "A"}, {"code": "A"})) == {"kept": 2}
    assert fates(same, listed(A)) == {"kept": 1, "lost": 1}
    assert fates(same, listed({"code": "A"})) == {"kept": 1, "lost": 1}


def test_what_is_less_particular_does_not_count_the_others_as_copies() -> None:
    writes = [write("1", {"patient": "p"}), write("2", {"patient": "p", "code": "B"})]
    both = listed({"id": "1", "patient": "p"}, {"id": "2", "patient": "p", "code": "B"})
    assert fates(writes, both) == {"kept": 2}
    assert fates(writes, listed(both["orders"][1])) == {"kept": 1, "lost": 1}


def test_an_unconfirmed_write_of_the_same_excuses_a_second_copy() -> None:
    twice = listed(A, A | {"id": "9"})
    assert fates([write("1", {"code": "A"})], twice) == {"kept": 1, "duplicated": 1}
    assert fates([write("1", {"code": "A"})], twice, doubt("?", {"code": "A"})) == {"kept": 1}


def test_the_last_of_several_versions_has_to_be_there() -> None:
    versions = [write("1", {"status": n}, at=n, invoked=n - 0.5) for n in (1, 2, 3)]
    assert fates(versions, {"id": "1", "status": 3}) == {"kept": 3}
    assert fates(versions, {"id": "1", "status": 2}) == {"kept": 2, "stale": 1}
    assert fates(versions, {}) == {"kept": 2, "lost": 1}


def test_of_writes_that_overlapped_either_may_be_the_last() -> None:
    first = write("1", {"status": 1}, at=5, invoked=1)
    second = write("1", {"status": 2}, at=4, invoked=2)
    for status in (1, 2):
        assert fates([first, second], {"id": "1", "status": status}) == {"kept": 2}


def test_without_the_time_of_sending_nobody_knows_the_last() -> None:
    versions = [write("1", {"status": n}, at=n) for n in (1, 2)]
    assert fates(versions, {"id": "1", "status": 1}) == {"kept": 2}


def test_clocks_that_are_wrong_excuse_what_is_close() -> None:
    versions = [write("1", {"status": n}, at=n, invoked=n - 0.5) for n in (1, 2)]
    old = {"id": "1", "status": 1}
    assert fates(versions, old, skew=0.2) == {"kept": 1, "stale": 1}
    assert fates(versions, old, skew=0.25) == {"kept": 2}


def test_an_unconfirmed_update_may_have_happened() -> None:
    known = [write("1", {"status": 1}, at=1, invoked=0)]
    assert fates(known, {"id": "1", "status": 2}, doubt("1", {"status": 2})) == {"kept": 1}
    assert fates(known, {"id": "1", "status": 3}, doubt("1", {"status": 2})) == {"lost": 1}
    assert fates(known, {}, doubt("1", None)) == {"kept": 1}


def test_what_was_deleted_is_gone() -> None:
    writes = [write("1", {"code": "A"}, at=1, invoked=0), write("1", None, at=3, invoked=2)]
    assert fates(writes, {}) == {"kept": 2}
    assert fates(writes, listed(B)) == {"kept": 2}
    assert fates(writes, A) == {"kept": 1, "stale": 1}
    assert fates([write("1", None)], A) == {"lost": 1}


def test_what_may_stand_on_a_page_that_was_not_given_is_unknown() -> None:
    page = listed(*({"id": str(n), "code": n} for n in range(100)))
    assert fates([write("100", {"code": 100})], page) == {"unknown": 1}
    assert fates([write("7", None)], page) == {"lost": 1}


def test_examples_are_few_and_say_where() -> None:
    tally, total = Tally(), Tally()
    Place([write(str(n), {"code": str(n)}) for n in range(9)], (), Held({})).judge(tally)
    total.add(tally)
    total.add(tally)
    assert total["lost"] == 18
    assert len(total.examples["lost"]) == 5
    assert total.examples["lost"][0] == (
        "order 0 of riverside at /place, acknowledged 00:00:01 UTC"
    )
    assert total.broke


@dataclass
class Platform:
    """A sound platform: a list of orders, and one visit that is updated. Writes may time out."""

    orders: list[Body] = field(default_factory=list)
    visit: Body = field(default_factory=dict)
    states: list[Body] = field(default_factory=list)
    writes: list[Acknowledged] = field(default_factory=list)
    doubts: list[Unconfirmed] = field(default_factory=list)
    clock: float = 0.0

    def order(self, code: str, *, answered: bool, done: bool) -> None:
        order = {"id": str(len(self.writes) + len(self.doubts)), "code": code}
        if answered or done:
            self.orders.append(order)
        self._record(str(order["id"]), {"code": code}, answered=answered)

    def update(self, status: int, *, answered: bool, done: bool) -> None:
        if answered or done:
            self.visit = {"id": "visit", "status": status}
        if answered:
            self.states.append({"id": "visit", "status": status})
        self._record("visit", {"status": status}, answered=answered)

    def _record(self, identity: str, must: Body, *, answered: bool) -> None:
        self.clock += 1
        if answered:
            self.writes.append(write(identity, must, self.clock + 0.5, self.clock))
        else:
            self.doubts.append(doubt(identity, must))

    @property
    def body(self) -> Body:
        return {"orders": self.orders, "visits": [self.visit] if self.visit else []}

    def fates(self, body: Body) -> dict[Count, int]:
        return fates(self.writes, body, *self.doubts)


def _run(plan: list[tuple[str, int, bool, bool]]) -> Platform:
    platform = Platform()
    for action, number, answered, done in plan:
        if action == "order":
            platform.order(f"code {number % 4}", answered=answered, done=done)
        else:
            platform.update(number, answered=answered, done=done)
    return platform


acts = st.tuples(
    st.sampled_from(["order", "update"]), st.integers(0, 99), st.booleans(), st.booleans()
)
platforms = st.lists(acts, max_size=14).map(_run)


@given(platforms)
def test_no_alarm_about_a_sound_platform(platform: Platform) -> None:
    found = platform.fates(platform.body)
    assert found == ({"kept": len(platform.writes)} if platform.writes else {})


@given(platforms, st.data())
def test_a_lost_order_is_found(platform: Platform, data: st.DataObject) -> None:
    sure = {entry.id for entry in platform.writes}
    codes = [order["code"] for order in platform.orders if order["id"] not in sure]
    # Without a copy by somebody who got no answer, which would stand for the lost one.
    losable = [o for o in platform.orders if o["id"] in sure and o["code"] not in codes]
    assume(losable)
    lost = data.draw(st.sampled_from(losable))
    orders = [order for order in platform.orders if order is not lost]
    found = platform.fates(platform.body | {"orders": orders})
    assert found == {"lost": 1} | ({"kept": k} if (k := len(platform.writes) - 1) else {})


@given(platforms, st.data())
def test_a_duplicated_order_is_found(platform: Platform, data: st.DataObject) -> None:
    doubtful = {str(entry.must) for entry in platform.doubts}
    sure = [o for o in platform.orders if str({"code": o["code"]}) not in doubtful]
    assume(sure)
    twice = data.draw(st.sampled_from(sure)) | {"id": "copy"}
    found = platform.fates(platform.body | {"orders": [*platform.orders, twice]})
    assert found == {"kept": len(platform.writes), "duplicated": 1}


@given(platforms, st.data())
def test_a_stale_visit_is_found(platform: Platform, data: st.DataObject) -> None:
    doubtful = [entry.must for entry in platform.doubts]
    assume(platform.states)
    last = platform.states[-1]
    old = [s for s in platform.states if s != last and {"status": s["status"]} not in doubtful]
    assume(old)
    found = platform.fates(platform.body | {"visits": [data.draw(st.sampled_from(old))]})
    assert found == {"kept": len(platform.writes) - 1, "stale": 1}


@pytest.mark.parametrize("fate", ["lost", "stale", "duplicated", "leaked"])
def test_each_of_these_breaks_a_promise(fate: Count) -> None:
    tally = Tally()
    tally.note(fate, [write("1", {})])
    assert tally.broke
    tally = Tally()
    tally.note("unknown", [write("1", {})])
    assert not tally.broke
