"""What is measured of persons at a visit, coherent with who they are and what they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from codeblue.patients.draws import Bools, Dates, Draws, Ints, Lanes, quantiles
from codeblue.patients.people.expectations import Expectation, Singles, expectations
from codeblue.patients.people.persons import Persons
from codeblue.patients.tables import Tables

_DAYS_IN_YEAR = 365.2425
_LANES = 4
_SOON = 15 * 60  # seconds


@dataclass(frozen=True)
class Measurements:
    """One visit's measurements of some persons: one entry per person in every array.

    ``values`` holds, by the name of the measurement, whole numbers in units of its last decimal:
    98.6 with one decimal is 986.
    """

    taken_at: Dates  # seconds, UTC
    values: Mapping[str, Ints]


class Laboratory:
    """Measures persons by the tables.

    A value is what is expected of this age, sex and health, plus ``slope`` times the deviation of
    the measurement that it follows, plus ``sd`` times a normal deviate: partly the person's own,
    the same at every visit, partly the visit's.
    """

    def __init__(self, tables: Tables, draws: Draws) -> None:
        self._draws = draws
        self._names = tables.measurement_names
        self._conditions = len(tables.conditions)
        self._oldest = tables.age_bands[-1].high  # older ones at later visits stay at that
        self._expectations = expectations(tables)
        self._followed = {row.follows for row in self._expectations}

    def measure(self, persons: Persons, visit: int, begins: Dates, ends: Dates) -> Measurements:
        """The measurements of visit ``visit`` (from 0), by its times in seconds."""
        age = np.clip(_age_at(begins, persons), 0, self._oldest)
        group = 2 * age + persons.female
        drawn: dict[str, Singles] = {}
        deviations: dict[str, Singles] = {}
        for row in self._expectations:
            value = self._draw(row, persons, visit, group)
            if row.follows is not None:
                value += row.slope[group] * deviations[row.follows]
            if row.follows is not None and row.gap is not None:
                np.minimum(value, drawn[row.follows] - row.gap[group], out=value)
            np.maximum(value, row.least[group], out=value)
            np.minimum(value, row.most[group], out=value)
            drawn[row.name] = np.rint(value, out=value)
            if row.name in self._followed:
                deviations[row.name] = value - row.mean[group]
        taken_at = self._taken_at(persons, visit, begins, ends)
        return Measurements(taken_at, {name: drawn[name].astype(np.int64) for name in self._names})

    def _taken_at(self, persons: Persons, visit: int, begins: Dates, ends: Dates) -> Dates:
        """Some time of the visit, and soon after it began when it is a long one."""
        lane = self._draws.lanes(f"measured-at:{visit}", persons.start, len(persons))[0]
        most = np.minimum((ends - begins).astype(np.int64), _SOON)
        taken_at: Dates = begins + ((lane * most) >> 16).astype("timedelta64[s]")
        return taken_at

    def _draw(self, row: Expectation, persons: Persons, visit: int, group: Ints) -> Singles:
        own, drawn = self._lanes(row.name, visit, persons)
        value = row.stays * _normal()[own]
        value += row.changes * _normal()[drawn]
        spread, expected = row.sd[group], row.base[group]
        for shift in row.shifts:
            has = self._has(persons, shift.cause).astype(np.float32)
            expected += shift.by * has
            if shift.sd:
                spread += shift.sd * has
        value *= spread
        value += expected
        return value

    def _lanes(self, name: str, visit: int, persons: Persons) -> tuple[Lanes, Lanes]:
        """What stays with the person, and what belongs to the visit; four lanes to a column."""
        column, lane = divmod(1 + visit, _LANES)
        first = self._draws.lanes(f"measurement:{name}:0", persons.start, len(persons))
        if column == 0:
            return first[0], first[lane]
        later = self._draws.lanes(f"measurement:{name}:{column}", persons.start, len(persons))
        return first[0], later[lane]

    def _has(self, persons: Persons, cause: int) -> Bools:
        if cause < self._conditions:
            return persons.conditions[:, cause]
        return persons.medications[:, cause - self._conditions]


@cache
def _normal() -> Singles:
    return quantiles().astype(np.float32)


def _age_at(begins: Dates, persons: Persons) -> Ints:
    """Completed years at the visit, give or take a day."""
    days = (begins.astype("datetime64[D]") - persons.birth_date).astype(np.int64)
    return (days / _DAYS_IN_YEAR).astype(np.int64)
