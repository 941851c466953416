"""Arrival processes: when the patients come, whatever the platform does with those before them.

An arrival process is a rate over time turned into absolute offsets. Every offset is found by
inverting the cumulative rate (the time-change theorem; Cinlar, *Introduction to Stochastic
Processes*, 1975, chapter 4.7), so a count always matches the integral of its rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """An arrival rate (per second) over time: straight lines between ``(second, rate)`` points.

    Two points at the same second are a jump. The first point is at second 0; the last one is the
    end of the load.

    Raises:
        ValueError: the points do not describe a rate.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        seconds = [second for second, _ in self.points]
        if len(seconds) < 2 or seconds[0] != 0 or seconds[-1] <= 0:  # noqa: PLR2004 - a line
            raise ValueError("a shape goes from a point at second 0 to a later one")
        if seconds != sorted(seconds):
            raise ValueError("the points of a shape stand in the order of time")
        if not all(isfinite(rate) and rate >= 0 and isfinite(at) for at, rate in self.points):
            raise ValueError("a rate is a number that is not negative")

    @property
    def seconds(self) -> float:
        """How long the load lasts."""
        return self.points[-1][0]

    @property
    def peak(self) -> float:
        """The highest rate, per second."""
        return max(rate for _, rate in self.points)

    @property
    def total(self) -> float:
        """The integral of the rate: how many arrivals to expect."""
        return float(self._cumulative()[-1])

    def scaled(self, factor: float) -> Shape:
        """The same shape with every rate multiplied by ``factor``."""
        return Shape(tuple((second, rate * factor) for second, rate in self.points))

    def when(self, counts: Offsets) -> Offsets:
        """The second at which each of ``counts`` (sorted, in ``(0, total]``) is reached."""
        second, rate = np.array(self.points, dtype=np.float64).T
        cumulative = self._cumulative()
        at = np.clip(np.searchsorted(cumulative, counts, side="left") - 1, 0, len(second) - 2)
        start, end, length = rate[at], rate[at + 1], second[at + 1] - second[at]
        rest = counts - cumulative[at]
        # The root of start*x + (end-start)*x^2/(2*length) = rest that does not cancel digits.
        root = np.sqrt(np.maximum(start**2 + 2 * (end - start) * rest / length, 0))
        inside = np.clip(2 * rest / (start + root), 0, length)
        return np.maximum.accumulate(second[at] + inside)

    def _cumulative(self) -> Offsets:
        second, rate = np.array(self.points, dtype=np.float64).T
        areas = np.diff(second) * (rate[:-1] + rate[1:]) / 2
        return np.concatenate([[0.0], np.cumsum(areas)])


def constant(rate: float, seconds: float) -> Shape:
    """The same rate throughout."""
    return Shape(((0, rate), (seconds, rate)))


def ramp(start: float, end: float, seconds: float) -> Shape:
    """A rate that grows or falls in a straight line."""
    return Shape(((0, start), (seconds, end)))


def steps(levels: Sequence[tuple[float, float]]) -> Shape:
    """``(rate, seconds)`` levels, one after the other."""
    points: list[tuple[float, float]] = []
    now = 0.0
    for rate, seconds in levels:
        points += [(now, rate), (now + seconds, rate)]
        now += seconds
    return Shape(tuple(points))


def spike(base: float, peak: float, *, before: float, during: float, after: float) -> Shape:
    """``base``, then ``peak`` for ``during`` seconds, then ``base`` again."""
    return steps([(base, before), (peak, during), (base, after)])


def paced(shape: Shape) -> Offsets:
    """Evenly paced arrivals: seconds from the start, sorted; their number is the rounded total."""
    count = int(shape.total + 0.5)
    return shape.when(np.minimum(np.arange(count) + 0.5, shape.total))


def poisson(shape: Shape, seed: int | Sequence[int]) -> Offsets:
    """A Poisson process with that rate: seconds from the start, sorted; the same for one seed.

    Given their number, the arrivals of a Poisson process are independent and uniform over the
    cumulative rate.
    """
    random = np.random.default_rng(seed)
    count = random.poisson(shape.total)
    return shape.when(np.sort((1 - random.random(count)) * shape.total))
