"""Duplicates: a second record of a person at the same institution, with details that drifted.

How often the middle name differs, and how many mismatches of names are misspellings, is from Just,
Marc, Munns and Sandefer, "Why Patient Matching Is a Challenge", Perspectives in Health Information
Management 13 (Spring), 2016: 398,939 confirmed duplicates. The other mismatches of names are, as
there, names in each other's place. How often first and last names differ at all is our assumption.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from codeblue.patients.dirt.identity import mistyped
from codeblue.patients.dirt.kind import Record
from codeblue.patients.draws import Ints
from codeblue.patients.institutions.records import DUPLICATE
from codeblue.patients.rows import Rows

_MIDDLE_DIFFERS = 0.5830
_MIDDLE_IS_INITIAL = 2 / 3
_GIVEN_DIFFERS = 0.15
_GIVEN_MISSPELT = 0.5314
_FAMILY_DIFFERS = 0.15
_FAMILY_MISSPELT = 0.3362
_STEPS = 1 << 16
_NAMES = ("family", "given", "middle")


class Duplicate:
    """The person was registered again, and what was asked for again came out a little different."""

    name = "duplicate"
    title = "a person has a second record, whose names may have drifted"

    def rows(self, rows: Rows) -> Ints:
        """The rows of second records that say who it is."""
        if "family" not in rows.fields:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(rows.copy == DUPLICATE)

    def drift(self, record: Record, choice: int) -> Mapping[str, str]:
        """The names as they were understood the second time."""
        chances = _chances(choice)
        names = {field: record[field] for field in _NAMES}
        if names["middle"]:
            names["middle"] = _middle(names["middle"], chances)
        if next(chances) < _GIVEN_DIFFERS:
            names |= _given(names, chances)
        if next(chances) < _FAMILY_DIFFERS:
            names |= _family(names, chances)
        return names


def _chances(choice: int) -> Iterator[float]:
    """Independent chances in [0, 1), as many as are asked for."""
    while True:
        choice = (choice * 0xD1342543DE82EF95 + 0x9E3779B97F4A7C15) % 2**64
        yield (choice >> 48) / _STEPS


def _middle(middle: str, chances: Iterator[float]) -> str:
    if next(chances) >= _MIDDLE_DIFFERS:
        return middle
    if next(chances) < _MIDDLE_IS_INITIAL and len(middle) > 1:
        return middle[0]
    return _misspelt(middle, chances)


def _given(names: Mapping[str, str], chances: Iterator[float]) -> dict[str, str]:
    if not names["middle"] or next(chances) < _GIVEN_MISSPELT:
        return {"given": _misspelt(names["given"], chances)}
    return {"given": names["middle"], "middle": names["given"]}


def _family(names: Mapping[str, str], chances: Iterator[float]) -> dict[str, str]:
    if next(chances) < _FAMILY_MISSPELT:
        return {"family": _misspelt(names["family"], chances)}
    return {"family": names["given"], "given": names["family"]}


def _misspelt(name: str, chances: Iterator[float]) -> str:
    return mistyped(name, int(next(chances) * _STEPS))
