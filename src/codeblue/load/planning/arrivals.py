"""Arrival processes: when the patients come, whatever the platform does with those before them.

An arrival process is a rate over time turned into absolute offsets. Every offset is found by
inverting the cumulative rate (the time-change theorem; Cinlar, *Introduction to Stochastic
Processes*, 1975, chapter 4.7), so a count always matches the integral of its rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import validate_call

from codeblue.errors import did_you_mean

Offsets = NDArray[np.float64]

_HOURS, _PARTS = 24, 144  # of a day: its curve is straight for ten minutes


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


def spike(peak: float, before: float, during: float, after: float, base: float = 1.0) -> Shape:
    """``base``, then at once ``peak`` for ``during`` seconds, then ``base`` again."""
    return steps([(base, before), (peak, during), (base, after)])


def surge(
    before: float, rise: float, hold: float, fall: float, after: float, peak: float = 2.54
) -> Shape:
    """1, then in a straight line to ``peak``, there for ``hold`` seconds, and back to 1.

    Telehealth visits in the 13th week of 2020 were 2.54 times those of 2019: Koonin 2020, MMWR
    69(43):1595-1599.
    """
    lengths, rates = (before, rise, hold, fall, after), (1, 1, peak, peak, 1, 1)
    return Shape(tuple(zip(accumulate(lengths, initial=0.0), rates, strict=True)))


def day(
    seconds: float,
    swing: float = 2.8,
    lowest: float = 6.0,
    highest: float = 19.0,
    begins: float = 0.0,
) -> Shape:
    """A day in ``seconds`` with a mean of 1, and a peak of ``swing`` times its lowest rate.

    ``lowest``, ``highest`` and ``begins`` are hours of the clock; between the first two the rate
    follows half a cosine. The patients in U.S. emergency departments, and with them what is asked
    about them, vary 2.8-fold over a day (NHAMCS 2001, in "Emergency department crowding: a national
    perspective"), fewest at 6 am and most at 7 pm (NHAMCS 2006, National Health Statistics Report
    7).
    """
    if not (swing >= 1 and 0 <= lowest < 24 and 0 <= highest < 24 and lowest != highest):  # noqa: PLR2004 - hours
        raise ValueError("a day's shape swings from one hour to another, by a factor from 1")
    hours = begins + np.linspace(0, _HOURS, _PARTS + 1)
    rising, since = (highest - lowest) % _HOURS, (hours - lowest) % _HOURS
    falling = 1 + (since - rising) / (_HOURS - rising)
    angle = np.where(since < rising, since / rising, falling)
    rates = 1 - (swing - 1) / (swing + 1) * np.cos(np.pi * angle)
    times = (hours - begins) * seconds / _HOURS
    return Shape(tuple(zip(times.tolist(), rates.tolist(), strict=True)))


_KINDS = {
    function.__name__: validate_call(function)
    for function in (constant, ramp, steps, spike, surge, day)
}


def shaped(table: Mapping[str, Any]) -> Shape:
    """The shape that a table such as ``{kind = "spike", peak = 10, ...}`` describes.

    ``kind`` is the name of one of the functions above, the rest are its arguments.

    Raises:
        ValueError: no such kind, or arguments that it does not take.
    """
    kind = str(table.get("kind", ""))
    if kind not in _KINDS:
        raise ValueError(f'a shape has no kind "{kind}". {did_you_mean(kind, _KINDS)}')
    return _KINDS[kind](**{key: value for key, value in table.items() if key != "kind"})


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


def apart(offsets: Offsets) -> Offsets:
    """``offsets`` (sorted, not negative), with equal ones moved apart by the least that can be.

    The bits of floats that are not negative, read as integers, stand in the same order, and
    neighbouring floats are neighbouring integers.
    """
    steps = np.arange(len(offsets))
    bits = np.abs(offsets).view(np.int64)
    return np.asarray((np.maximum.accumulate(bits - steps) + steps).view(np.float64))
