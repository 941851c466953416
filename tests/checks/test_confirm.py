"""Confirmation: only what repeats counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codeblue.checks.confirm import confirmed


@given(st.lists(st.booleans(), min_size=3, max_size=3))
def test_one_good_repetition_acquits(outcomes: list[bool]) -> None:
    left = list(outcomes)
    assert confirmed(lambda: left.pop(0), times=3) == all(outcomes)
