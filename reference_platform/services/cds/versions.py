"""The versions of the score that are loaded; a release chooses between them, nothing is built.

`v1` is NEWS2 as published, `v2` the same with its reasons. The others are what a bad release looks
like: they exist so that a release can be seen to fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count

from reference_platform.services.cds.news2 import Vitals, points

FIRST = "v1"
_SLOW_SECONDS = 0.3
_FIFTH, _ROW = 5, 10
_OTHER = {1: 2, 2: 1}


@dataclass(frozen=True, slots=True)
class Assessment:
    """Points per measured parameter, and from v2 on why."""

    parameters: Mapping[str, int]
    explanation: list[str] | None = None


Version = Callable[[Vitals, int], Awaitable[Assessment]]
"""Vital signs and SpO2 scale -> their points."""


async def as_published(vitals: Vitals, scale: int) -> Assessment:
    """The first version."""
    return Assessment(points(vitals, scale))


async def explained(vitals: Vitals, scale: int) -> Assessment:
    """The same points, and which parameters gave them."""
    parameters = points(vitals, scale)
    given = [f"{name}: {n}" for name, n in parameters.items() if n]
    return Assessment(parameters, given)


async def swapped(vitals: Vitals, scale: int) -> Assessment:
    """No error, only wrong scores: the two SpO2 scales are mixed up."""
    return await explained(vitals, _OTHER[scale])


async def slow(vitals: Vitals, scale: int) -> Assessment:
    """The right points, too late."""
    await asyncio.sleep(_SLOW_SECONDS)
    return await explained(vitals, scale)


def failing() -> Version:
    """A version of which every fifth call fails, ten in a row: asking again does not help."""
    calls = count()

    async def fail(vitals: Vitals, scale: int) -> Assessment:
        if next(calls) // _ROW % _FIFTH == 0:
            raise ArithmeticError("v2-failing: this call fails")
        return await explained(vitals, scale)

    return fail


def versions() -> dict[str, Version]:
    """Every version by its name."""
    return {
        FIRST: as_published,
        "v2": explained,
        "v2-swapped": swapped,
        "v2-failing": failing(),
        "v2-slow": slow,
    }
