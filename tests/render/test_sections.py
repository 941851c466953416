from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.render._record import Objective
from codeblue.render._sections import budgets


def left(objective: str, threshold: float, measured: float, unit: str) -> float | None:
    item = Objective("booking", objective, threshold, measured, unit, met=False)
    return budgets([item])[0].left


def test_an_error_budget_is_spent_in_proportion() -> None:
    assert left("availability", 99.9, 100.0, "%") == 1.0
    assert left("availability", 99.9, 99.95, "%") == pytest.approx(0.5)
    assert left("availability", 0.999, 0.9995, "ratio") == pytest.approx(0.5)


def test_an_overspend_is_negative() -> None:
    assert left("availability", 99.9, 99.5, "%") == pytest.approx(-4)
    assert left("p99", 300, 450, "ms") == pytest.approx(-0.5)


def test_nothing_allowed_means_no_budget() -> None:
    assert left("availability", 100.0, 99.0, "%") is None


@given(st.floats(90, 99.999), st.floats(0, 100))
def test_the_sign_agrees_with_the_threshold(threshold: float, measured: float) -> None:
    share = left("availability", threshold, measured, "%")
    assert share is not None
    assert (share < -1e-9) == (measured < threshold - 1e-9 * (100 - threshold))


def test_99_95_percent_allows_4_hours_23_minutes_a_year() -> None:
    item = Objective("booking", "availability", 99.95, 99.99, "%", met=True)
    assert budgets([item])[0].allows == "allows 4 h 23 min a year"
