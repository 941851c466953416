from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codeblue.load.planning.arrivals import (
    Shape,
    apart,
    constant,
    day,
    paced,
    poisson,
    ramp,
    shaped,
    spike,
    steps,
    surge,
)

RATES = st.one_of(st.just(0.0), st.floats(0.01, 300))
LEVELS = st.lists(st.tuples(RATES, RATES, st.floats(0.01, 20)), min_size=1, max_size=6)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    points: list[tuple[float, float]] = []
    now = 0.0
    for start, end, seconds in draw(LEVELS):
        points += [(now, start), (now + seconds, end)]
        now += seconds
    return Shape(tuple(points))


def integral(shape: Shape, until: float) -> float:
    """The integral of the rate from 0 to ``until``, segment by segment."""
    total = 0.0
    for (t0, r0), (t1, r1) in zip(shape.points, shape.points[1:], strict=False):
        if t1 > t0 and until > t0:
            end = min(until, t1)
            total += (end - t0) * (r0 + (r0 + (r1 - r0) * (end - t0) / (t1 - t0))) / 2
    return total


@given(shapes())
def test_paced_arrivals_are_as_many_as_the_integral_of_the_rate(shape: Shape) -> None:
    assert abs(len(paced(shape)) - integral(shape, shape.seconds)) <= 0.5 + 1e-6


@given(shapes())
def test_paced_arrivals_keep_to_the_cumulative_rate_at_every_moment(shape: Shape) -> None:
    for k, at in enumerate(paced(shape)[:200]):
        assert integral(shape, at) == pytest.approx(k + 0.5, abs=1e-3)


@given(shapes(), st.integers(0, 2**32))
def test_arrivals_are_sorted_and_inside_the_load(shape: Shape, seed: int) -> None:
    for offsets in (paced(shape), poisson(shape, seed)):
        assert (np.diff(offsets) >= 0).all()
        assert ((offsets >= 0) & (offsets <= shape.seconds)).all()


@given(shapes(), st.integers(0, 2**32))
def test_a_poisson_process_is_the_same_for_one_seed(shape: Shape, seed: int) -> None:
    assert (poisson(shape, seed) == poisson(shape, seed)).all()


@given(shapes(), st.integers(0, 2**32))
def test_a_poisson_count_is_near_the_integral_of_the_rate(shape: Shape, seed: int) -> None:
    expected = integral(shape, shape.seconds)
    assert abs(len(poisson(shape, seed)) - expected) <= 8 * expected**0.5 + 8


def test_a_poisson_process_has_exponential_gaps() -> None:
    gaps = np.diff(poisson(constant(100, 1000), seed=1))
    assert gaps.mean() == pytest.approx(0.01, rel=0.02)
    assert gaps.std() == pytest.approx(0.01, rel=0.02)


def test_a_poisson_process_follows_its_rate_wherever_that_changes() -> None:
    shape = day(600).scaled(20)
    passed = np.array([integral(shape, at) for at in poisson(shape, seed=4)]) / shape.total
    # Kolmogorov and Smirnov: given their number, they are uniform in the cumulative rate.
    expected = np.arange(1, len(passed) + 1) / len(passed)
    assert np.abs(passed - expected).max() < 1.63 / len(passed) ** 0.5


def test_the_shapes_have_their_rates() -> None:
    assert constant(25, 6).total == 150
    assert ramp(0, 10, 10).total == 50
    assert steps([(1, 2), (3, 4)]).points == ((0, 1), (2, 1), (2, 3), (6, 3))
    assert spike(50, 2, 3, 2, base=10).total == 190
    assert spike(10, before=2, during=3, after=2).points[2:4] == ((2, 10), (5, 10))
    assert surge(1, 2, 3, 4, 5).points == (
        *((0, 1), (1, 1), (3, 2.54)),
        *((6, 2.54), (10, 1), (15, 1)),
    )


HOURS = st.floats(0, 23.9)


@given(st.floats(1, 10), HOURS, HOURS, HOURS, st.floats(0.1, 1e5))
def test_a_day_has_its_mean_its_swing_and_its_hours(
    swing: float, lowest: float, highest: float, begins: float, seconds: float
) -> None:
    assume(1 < (highest - lowest) % 24 < 23)
    shape = day(seconds, swing=swing, lowest=lowest, highest=highest, begins=begins)
    at, rates = np.array(shape.points).T
    assert shape.seconds == pytest.approx(seconds)
    assert shape.total == pytest.approx(seconds, rel=0.02)
    assert rates.max() / rates.min() == pytest.approx(swing, rel=0.05)
    assert rates[-1] == pytest.approx(rates[0], abs=1e-6)
    apart_from = {lowest: rates.min(), highest: rates.max()}
    for hour, extreme in apart_from.items():
        then = np.interp((hour - begins) % 24 / 24 * seconds, at, rates)
        assert then == pytest.approx(extreme, abs=0.05)


def test_a_day_of_an_emergency_department_is_quiet_at_six_and_busy_at_seven() -> None:
    arrivals = np.bincount(poisson(day(24).scaled(5000), seed=3).astype(int), minlength=24)
    assert set(np.argsort(arrivals)[:2]) == {5, 6}
    assert set(np.argsort(arrivals)[-2:]) == {18, 19}
    assert arrivals.max() / arrivals.min() == pytest.approx(2.8, rel=0.1)


@pytest.mark.parametrize("wrong", [{"swing": 0.5}, {"lowest": 24}, {"lowest": 19}, {"highest": -1}])
def test_a_day_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a day's shape"):
        day(24, **wrong)


def test_a_table_tells_a_shape_by_its_kind() -> None:
    assert shaped({"kind": "ramp", "start": 1, "end": 3, "seconds": 9}) == ramp(1, 3, 9)
    assert shaped({"kind": "steps", "levels": [[1, 2], [3, 4]]}) == steps([(1, 2), (3, 4)])
    assert shaped({"kind": "day", "seconds": 24}) == day(24)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"kind": "spikes"}, 'no kind .spikes.*Did you mean "spike"'),
        ({}, "no kind"),
        ({"kind": ["ramp"]}, "no kind"),
        ({"kind": "ramp", "start": 1, "end": 2}, "seconds"),
        ({"kind": "constant", "rate": 1, "seconds": 2, "slope": 3}, "slope"),
        ({"kind": "constant", "rate": "much", "seconds": 2}, "rate"),
        ({"kind": "constant", "rate": -1, "seconds": 2}, "not negative"),
    ],
)
def test_a_table_that_tells_no_shape_is_refused(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        shaped(table)


@given(st.lists(st.integers(0, 30), max_size=200), st.floats(1e-3, 1e6))
def test_equal_offsets_are_moved_apart_and_no_others(counts: list[int], unit: float) -> None:
    offsets = np.sort(np.array(counts, dtype=np.float64)) * unit
    found = apart(offsets)
    assert (np.diff(found) > 0).all()
    assert (found >= offsets).all()
    assert found == pytest.approx(offsets, rel=1e-12, abs=1e-300)
    _, first = np.unique(offsets, return_index=True)
    assert (found[first] == offsets[first]).all()


def test_nothing_arrives_at_rate_zero() -> None:
    assert len(paced(constant(0, 5))) == len(poisson(constant(0, 5), 1)) == 0


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((0, 1),),
        ((1, 1), (2, 1)),
        ((0, 1), (2, 1), (1, 1)),
        ((0, 1), (1, -1)),
        ((0, 1), (0, 1)),
    ],
)
def test_a_shape_that_is_no_rate_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"shape|rate"):
        Shape(points)
