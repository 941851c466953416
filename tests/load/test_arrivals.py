from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.load.arrivals import Shape, constant, paced, poisson, ramp, spike, steps

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


def test_the_shapes_have_their_rates() -> None:
    assert constant(25, 6).total == 150
    assert ramp(0, 10, 10).total == 50
    assert steps([(1, 2), (3, 4)]).points == ((0, 1), (2, 1), (2, 3), (6, 3))
    assert spike(10, 50, before=2, during=3, after=2).total == 190
    assert spike(10, 50, before=2, during=3, after=2).peak == 50


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
