"""Whether and how a row is spoiled: one draw of 64 bits each, that belongs to the row's person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from codeblue.patients.dirt.kind import Kind
from codeblue.patients.draws import Bits, Bools, Draws, Floats, Ints
from codeblue.patients.institutions.records import DUPLICATE
from codeblue.patients.rows import Rows

_COPIES = 4
_BOOST = 3.0
"""How much likelier dirt is in a second record: whoever made it was in a hurry. Our assumption."""

AnyKind = TypeVar("AnyKind", bound=Kind)


def picks(
    rows: Rows,
    kinds: Sequence[AnyKind],
    rates: Mapping[str, float],
    mess: float,
    draws: Draws,
    column: str,
) -> Iterator[tuple[int, AnyKind, int]]:
    """The rows that are to be spoiled: place, kind, and 64 random bits for the kind's choice."""
    limits = np.cumsum([min(rates.get(kind.name, 0.0) * mess, 1.0) for kind in kinds])
    if not len(rows) or not limits.size or limits[-1] == 0:
        return
    bits = row_bits(draws, f"{column}:{rows.resource}:{rows.part}", rows)
    hurried = rows.copy == DUPLICATE
    chosen, which = _choose(bits, limits, hurried)
    choices = _mixed(bits[chosen])
    for row, kind, choice in zip(chosen.tolist(), which.tolist(), choices.tolist(), strict=True):
        yield row, kinds[kind], choice


def row_bits(draws: Draws, column: str, rows: Rows) -> Bits:
    """64 random bits for each row; they depend on its person, its copy and nothing else.

    Rows of the same person and copy are told apart by their order.
    """
    start = int(rows.person.min())
    drawn = draws.bits(column, start, int(rows.person.max()) - start + 1)
    salt = (_turns(rows) * _COPIES + rows.copy).astype(np.uint64)
    return _mixed(drawn[rows.person - start] + salt * np.uint64(0x9E3779B97F4A7C15))


def _choose(bits: Bits, limits: Floats, hurried: Bools) -> tuple[Ints, Ints]:
    """Which rows, and which kind each: kinds take up parts of [0, 1), clean rows lie above."""
    chance = (bits >> np.uint64(11)) * 2.0**-53
    if hurried.any():
        chance = np.where(hurried, chance / _BOOST, chance)
    chosen = np.flatnonzero(chance < limits[-1])
    return chosen, np.searchsorted(limits, chance[chosen], side="right")


def _turns(rows: Rows) -> Ints:
    """How many rows of the same person and copy come before each row."""
    key = rows.person * _COPIES + rows.copy
    if len(key) < 2 or bool((key[1:] > key[:-1]).all()):  # noqa: PLR2004 - nothing to compare
        return np.zeros(len(key), dtype=np.int64)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.searchsorted(ordered, ordered, side="left")
    turns = np.empty(len(key), dtype=np.int64)
    turns[order] = np.arange(len(key)) - first
    return turns


def _mixed(bits: Bits) -> Bits:
    """SplitMix64's finalizer (Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators", OOPSLA 2014): every bit depends on all others.
    """
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
