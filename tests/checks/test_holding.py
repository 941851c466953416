"""What a body holds: found by an index, and no different from looking at every entry."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from codeblue.checks.holding import Held, holds

BUNDLE = {"entry": [{"resource": {"id": "p1", "gender": "female"}}], "total": 1}


def test_a_resource_a_collection_and_a_bundle() -> None:
    order = {"id": "7", "code": {"text": "CBC"}, "quantity": 1}
    assert Held(order).holding({"code": {"text": "CBC"}}) == [order]
    assert Held({"orders": [order]}).holding({"quantity": 1}) == [order]
    assert Held(BUNDLE).holding({"gender": "female"}) == [{"id": "p1", "gender": "female"}]
    assert Held({"orders": [order]}).holding({"quantity": 2}) == []
    assert Held({}).holding({"id": "7"}) == []


def test_an_id_is_found_in_the_body_and_in_its_entries() -> None:
    assert Held(BUNDLE).has("p1")
    assert Held({"id": 7}).has("7")
    assert not Held(BUNDLE).has("p2")


def test_a_list_of_a_round_length_may_go_on() -> None:
    def listed(count: int) -> Held:
        return Held({"orders": [{"id": str(number)} for number in range(count)]})

    assert listed(100).may_go_on
    assert listed(1000).may_go_on
    assert not listed(50).may_go_on
    assert not listed(101).may_go_on


names = st.sampled_from("abc")
leaves: st.SearchStrategy[Any] = st.sampled_from([0, 1, "1", None, True, 1.5, [], [1], {}])
objects = st.recursive(
    leaves, lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=5
)
entries = st.dictionaries(names, objects, max_size=3)


@given(st.lists(entries, max_size=12), entries)
def test_the_index_finds_what_a_search_finds(
    listed: list[dict[str, Any]], must: dict[str, Any]
) -> None:
    found = Held({"entries": listed, "d": 0}).holding({**must, "a": must.get("a", 1)})
    wanted = {**must, "a": must.get("a", 1)}
    assert found == [entry for entry in listed if holds(entry, wanted)]
