from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.chaos.tolerances import at_least, at_most, no_worse_than_control, none_hung


@given(hung=st.integers(0, 100))
def test_one_hung_request_is_one_too_many(hung: int) -> None:
    assert none_hung({"hung": hung}) is (hung == 0)


@given(ratio=st.floats(0, 10), success=st.floats(0, 1))
def test_a_journey_has_to_be_fast_and_to_succeed(ratio: float, success: float) -> None:
    within = no_worse_than_control({"ratio": ratio, "success": success}, ratio=3, success=0.99)
    assert within is (ratio <= 3 and success >= 0.99)


@pytest.mark.parametrize("tolerance", [none_hung, no_worse_than_control, at_least, at_most])
def test_without_a_value_nothing_is_tolerated(tolerance: Callable[[], bool]) -> None:
    assert tolerance() is False


def test_at_least_looks_at_the_number_it_is_told() -> None:
    assert at_least({"answered": 5}, minimum=5, of="answered")
    assert not at_least({"answered": 4}, minimum=5, of="answered")


def test_several_numbers_have_to_be_high_enough_all() -> None:
    assert at_least({"a": 1.0, "b": 0.99}, minimum=0.99, of=["a", "b"])
    assert not at_least({"a": 1.0, "b": 0.5}, minimum=0.99, of=["a", "b"])
    assert not at_least({"a": 1.0}, minimum=0.99, of=["a", "b"])


def test_at_most_looks_at_the_numbers_it_is_told() -> None:
    assert at_most({"hung": 0})
    assert not at_most({"hung": 1})
    assert at_most({"a": 1, "b": 2}, maximum=2, of=["a", "b"])
    assert not at_most({"a": 1, "b": 3}, maximum=2, of=["a", "b"])
    assert not at_most({"a": 1}, maximum=2, of=["a", "b"])
