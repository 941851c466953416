"""Persons, column by column: who they are, where they are known, and what they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from codeblue.patients.draws import DAYS, LANE, Bools, Dates, Draws, Ints, Lanes, pick
from codeblue.patients.people.clinical import AGES, Clinic
from codeblue.patients.tables import Tables

if TYPE_CHECKING:
    from codeblue.patients.names import Pools

_DAYS_IN_YEAR = 365
_HOUSES = 9998
_AREA_CODES = (200, 800)


@dataclass(frozen=True)
class Known:
    """When the persons ``start`` to ``start + len - 1`` were born, and where they are known.

    ``home`` and ``visited`` are indices of institutions, and ``visited`` is -1 for those whom
    only one institution knows.
    """

    start: int
    birth_date: Dates  # days
    home: Ints
    visited: Ints

    def __len__(self) -> int:
        return len(self.birth_date)


@dataclass(frozen=True)
class Persons(Known):
    """All columns of some persons: each array has one entry (or row) per person.

    Names and addresses are indices into the pools.
    """

    female: Bools
    age: Ints  # completed years on the reference date
    race: Ints
    hispanic: Bools
    family: Ints
    given: Ints  # into the pool of their sex
    middle: Ints
    street: Ints
    house: Ints
    place: Ints
    area_code: Ints
    line_number: Ints
    conditions: Bools  # (persons, conditions)
    medications: Bools  # (persons, medications)
    allergy: Ints  # index of the table of allergies, -1 for none


class Census:
    """Draws persons from the tables, the pools and the shares of the institutions.

    ``shares`` is each institution's part of the persons, ``shared`` the part of the persons that
    a second institution knows too.
    """

    def __init__(
        self,
        tables: Tables,
        pools: Pools,
        shares: Sequence[float],
        shared: float,
        reference: date,
        draws: Draws,
    ) -> None:
        self._draws = draws
        self._sizes = pools.sizes
        self._birthdays = _birthdays(reference)
        self._ages = _ages(tables)
        self._females = _female_limits(tables)
        counts = [count for race in tables.races for count in (race.not_hispanic, race.hispanic)]
        self._races = lane_table(counts)
        self._shares = lane_table(shares)
        self._bounds = _bounds(shares)
        self._visitors = round(shared * LANE) if len(shares) > 1 else 0
        self._clinic = Clinic(tables, draws)

    def draw(self, start: int, stop: int) -> Persons:
        """The persons ``start`` to ``stop - 1``."""
        count = stop - start
        years, sex, birthday, race = self._draws.lanes("person", start, count)
        age = self._ages[years]
        female = sex < self._females[age]
        belongs = self._races[race]
        family, given, middle, _ = self._draws.lanes("person:name", start, count)
        street, house, place, _ = self._draws.lanes("person:address", start, count)
        area_code, line_number, _, _ = self._draws.lanes("person:phone", start, count)
        home, visited = self._institutions(start, count)
        conditions, medications = self._clinic.draw(start, age, female)
        names = np.where(female, self._sizes["female_given"], self._sizes["male_given"])
        return Persons(
            start=start,
            female=female,
            age=age,
            birth_date=self._birthdays[age] - pick(birthday, _DAYS_IN_YEAR).astype(DAYS),
            race=belongs >> 1,
            hispanic=(belongs & 1).astype(np.bool_),
            family=pick(family, self._sizes["families"]),
            given=(given * names) >> 16,
            middle=(middle * names) >> 16,
            street=pick(street, self._sizes["streets"]),
            house=pick(house, _HOUSES) + 1,
            place=pick(place, self._sizes["cities"]),
            area_code=pick(area_code, _AREA_CODES[1]) + _AREA_CODES[0],
            line_number=pick(line_number, 100) + 100,
            home=home,
            visited=visited,
            conditions=conditions,
            medications=medications,
            allergy=self._clinic.allergy(start, count),
        )

    def known(self, start: int, stop: int) -> Known:
        """When they were born and where they are known, without all the rest."""
        years, _, birthday, _ = self._draws.lanes("person", start, stop - start)
        home, visited = self._institutions(start, stop - start)
        born = self._birthdays[self._ages[years]] - pick(birthday, _DAYS_IN_YEAR)
        return Known(start=start, birth_date=born, home=home, visited=visited)

    def homes(self, start: int, stop: int) -> Ints:
        """The home institution alone."""
        lane = self._draws.lanes("person:institution", start, stop - start)[0]
        homes: Ints = self._shares[lane]
        return homes

    def _institutions(self, start: int, count: int) -> tuple[Ints, Ints]:
        """The home of each person, and the second institution that knows them, or -1."""
        at_home, known, where, _ = self._draws.lanes("person:institution", start, count)
        home = self._shares[at_home]
        if not self._visitors:
            return home, np.full(count, -1, dtype=np.int64)
        return home, np.where(known < self._visitors, self._others(home, where), -1)

    def _others(self, home: Ints, where: Lanes) -> Ints:
        """Another institution than ``home``, by the shares of the others."""
        low, high = self._bounds[home], self._bounds[home + 1]
        # What remains when the share of the home is cut out, stretched over the whole lane.
        point = (where * (LANE - high + low)) >> 16
        point = np.where(point < low, point, point + high - low)
        # Whoever is at home where all are has nowhere else to go.
        other: Ints = self._shares[np.minimum(point, LANE - 1)]
        return np.where(point < LANE, other, -1)


def lane_table(weights: Sequence[float]) -> Ints:
    """For each value of a lane the index of a weight, as often as it weighs."""
    return np.repeat(np.arange(len(weights)), np.diff(_bounds(weights)))


def _bounds(weights: Sequence[float]) -> Ints:
    """Where in a lane each weight begins, and where the last one ends."""
    sums = np.cumsum([0.0, *weights])
    bounds: Ints = np.rint(LANE * (sums / sums[-1])).astype(np.int64)
    return bounds


def _ages(tables: Tables) -> Ints:
    """For each value of a lane an age in completed years."""
    weights = np.zeros(AGES)
    for band in tables.age_bands:
        weights[band.low : band.high + 1] = band.persons / (band.high - band.low + 1)
    return lane_table(weights.tolist())


def _female_limits(tables: Tables) -> Ints:
    """How many values of a lane mean female, at each age."""
    limits = np.zeros(AGES)
    for band in tables.age_bands:
        limits[band.low : band.high + 1] = LANE * band.females / band.persons
    return np.rint(limits).astype(np.int64)


def _birthdays(reference: date) -> Dates:
    """The latest birth date of a person of each age."""
    month = np.datetime64(reference, "M").astype(int)
    day = 28 if (reference.month, reference.day) == (2, 29) else reference.day
    months = (month - 12 * np.arange(AGES)).astype("datetime64[M]")
    birthdays: Dates = months.astype("datetime64[D]") + np.timedelta64(day - 1, "D")
    return birthdays
