"""Random numbers that belong to an index: draw ``i`` of a column depends on nothing but its name.

Each column is a stream of Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", SC 2011), a generator that can be entered anywhere. So any part of any column can be
drawn alone, in any order, by any worker, and a new column changes no old one.
"""

from __future__ import annotations

from functools import cache
from threading import local
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Lanes = NDArray[np.uint16]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Dates = NDArray[np.datetime64]
DAYS = np.dtype("timedelta64[D]")

LANE = 1 << 16
"""How many values a lane has."""

_PER_STEP = 4  # numbers that one step of Philox makes


class Draws:
    """The columns of one seed. ``start`` and ``count`` name the indices that are wanted."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, column: str, start: int, count: int) -> Bits:
        """64 random bits each."""
        step, skip = divmod(start, _PER_STEP)
        bits: Bits = _STREAM.at(self.seed, column, step).random_raw(skip + count)
        return bits[skip:]

    def lanes(self, column: str, start: int, count: int) -> Lanes:
        """Four draws of 16 bits each, for the price of one; shape (4, count)."""
        little_endian = self.bits(column, start, count).astype("<u8", copy=False)
        return little_endian.view("<u2").reshape(count, 4).T

    def uniform(self, column: str, start: int, count: int) -> Floats:
        """Evenly in [0, 1)."""
        numbers: Floats = np.multiply(self.bits(column, start, count) >> np.uint64(11), 2.0**-53)
        return numbers

    def integers(self, column: str, start: int, count: int, below: int) -> Ints:
        """Evenly in 0 to ``below - 1``; ``below`` is at most 2^32."""
        high = self.bits(column, start, count) >> np.uint64(32)
        return ((high * np.uint64(below)) >> np.uint64(32)).astype(np.int64)

    def normal(self, column: str, start: int, count: int) -> Floats:
        """Normally with mean 0 and deviation 1, in steps of 2^-16 of probability."""
        numbers: Floats = quantiles()[self.bits(column, start, count) >> np.uint64(48)]
        return numbers


def pick(lane: Lanes, below: int) -> Ints:
    """Evenly 0 to ``below - 1`` out of a lane; ``below`` is at most 2^16."""
    return np.multiply(lane, below, dtype=np.int64) >> 16


@cache
def quantiles() -> Floats:
    """The normal deviate of each value of a lane: the middles of ``LANE`` equally likely slices.

    Six decimals, which all processors agree on.
    """
    points = np.linspace(-5, 5, 40_001)
    below = np.cumsum(np.exp(-(points**2) / 2))
    middles = (np.arange(LANE) + 0.5) / LANE
    return np.round(np.interp(middles, below / below[-1], points), 6)


class _Stream(local):
    """One generator per thread: to enter it elsewhere is ten times faster than to make one."""

    def __init__(self) -> None:
        self._philox = np.random.Philox(0)
        self._state = self._philox.state  # its buffer is empty, so a step is taken at once

    def at(self, seed: int, column: str, step: int) -> np.random.Philox:
        where = self._state["state"]
        where["counter"][0] = step
        where["key"][:] = seed, crc32(column.encode())
        self._philox.state = self._state
        return self._philox


_STREAM = _Stream()
