"""Draws the patients of a block, column by column.

Every column has a random stream of its own, keyed by (seed, block, name of the column), so that a
patient never depends on how many others were asked for, and a new column changes no old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from codeblue.patients.names import Pools
from codeblue.patients.tables import MAX_AGE, SexRate, Tables

BLOCK = 1024

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Dates = NDArray[np.datetime64]

_DAYS_IN_YEAR = 365
_MINUTES_IN_DAY = 24 * 60
_OFFICE_OPENS = 8 * 60
_OFFICE_MINUTES = 10 * 60
_AREA_CODES = (200, 800)


@dataclass(frozen=True)
class Columns:
    """One block of ``BLOCK`` patients: every array has one entry (or row) per patient."""

    female: Bools
    age: Ints
    birth_date: Dates
    family: Ints
    given: Ints
    middle: Ints
    street: Ints
    house: Ints
    place: Ints
    area_code: Ints
    line_number: Ints
    institution: Ints
    conditions: Bools  # (BLOCK, conditions)
    vital_signs: Floats  # (BLOCK, vital signs), in the unit of the table
    measured_at: Dates  # minutes, UTC


class Sampler:
    """Draws blocks from the tables, the pools and the shares of the institutions."""

    def __init__(
        self, tables: Tables, pools: Pools, shares: Floats, seed: int, reference: date
    ) -> None:
        self._tables = tables
        self._pools = pools
        self._institutions = np.cumsum(shares / shares.sum())
        self._seed = seed
        self._reference = np.datetime64(reference, "D")
        self._birthdays = _birthdays(reference)
        persons = np.array([band.persons for band in tables.age_bands], dtype=np.float64)
        self._ages = np.cumsum(persons / persons.sum())
        self._female_share = _female_share(tables)
        self._prevalence = _prevalence(tables, self._female_share)
        self._vital_signs = _vital_signs(tables)

    def draw(self, block: int) -> Columns:
        """The patients ``block * BLOCK`` to ``(block + 1) * BLOCK - 1``."""
        age = self._draw_age(block)
        female = self._uniform(block, "sex") < self._female_share[age]
        born_days_before = self._integers(block, "birthday", _DAYS_IN_YEAR)
        birth_date = self._birthdays[age] - born_days_before
        pools = self._pools
        women = self._integers(block, "female-given", len(pools.female_given))
        men = self._integers(block, "male-given", len(pools.male_given))
        female_middle = self._integers(block, "female-middle", len(pools.female_given))
        male_middle = self._integers(block, "male-middle", len(pools.male_given))
        return Columns(
            female=female,
            age=age,
            birth_date=birth_date,
            family=self._integers(block, "family", len(pools.families)),
            given=np.where(female, women, men),
            middle=np.where(female, female_middle, male_middle),
            street=self._integers(block, "street", len(pools.streets)),
            house=self._integers(block, "house", 9998) + 1,
            place=self._integers(block, "place", len(pools.places)),
            area_code=self._integers(block, "area-code", _AREA_CODES[1]) + _AREA_CODES[0],
            line_number=self._integers(block, "line-number", 100) + 100,
            institution=np.searchsorted(
                self._institutions[:-1], self._uniform(block, "institution"), side="right"
            ),
            conditions=self._draw_conditions(block, age, female),
            vital_signs=self._draw_vital_signs(block, age),
            measured_at=self._draw_measured_at(block, birth_date),
        )

    def _stream(self, block: int, column: str) -> np.random.Generator:
        key = np.random.SeedSequence([self._seed, block, crc32(column.encode())])
        return np.random.Generator(np.random.Philox(key))

    def _uniform(self, block: int, column: str) -> Floats:
        return self._stream(block, column).random(BLOCK)

    def _integers(self, block: int, column: str, below: int) -> Ints:
        return (self._uniform(block, column) * below).astype(np.int64)

    def _draw_age(self, block: int) -> Ints:
        low = np.array([band.low for band in self._tables.age_bands])
        width = np.array([band.high - band.low + 1 for band in self._tables.age_bands])
        band = np.searchsorted(self._ages[:-1], self._uniform(block, "age-band"), side="right")
        years = self._uniform(block, "age") * width[band]
        return np.asarray(low[band] + years.astype(np.int64))

    def _draw_conditions(self, block: int, age: Ints, female: Bools) -> Bools:
        sex = female.astype(np.int64)
        drawn = [
            self._uniform(block, f"condition:{name}") < self._prevalence[index, age, sex]
            for index, name in enumerate(self._tables.condition_names)
        ]
        return np.column_stack(drawn)

    def _draw_vital_signs(self, block: int, age: Ints) -> Floats:
        drawn = []
        for name, (mean, sd, least, most, decimals) in self._vital_signs.items():
            normal = self._stream(block, f"vital-sign:{name}").standard_normal(BLOCK)
            values = np.clip(mean[age] + sd[age] * normal, least[age], most[age])
            scale = 10.0 ** decimals[age]
            drawn.append(np.rint(values * scale) / scale)
        return np.column_stack(drawn)

    def _draw_measured_at(self, block: int, birth_date: Dates) -> Dates:
        """Some minute of office hours in the year before the reference date, but after birth."""
        alive = (self._reference - birth_date).astype(np.int64)
        span = np.minimum(alive, _DAYS_IN_YEAR)
        days = 1 + (self._uniform(block, "measured-day") * span).astype(np.int64)
        minute = _OFFICE_OPENS + self._integers(block, "measured-minute", _OFFICE_MINUTES)
        day = (self._reference - np.minimum(days, alive)).astype("datetime64[m]")
        return np.asarray(day + minute)


def _birthdays(reference: date) -> Dates:
    """The latest birth date of a person of each age, from 0 to ``MAX_AGE`` years."""
    day = 28 if (reference.month, reference.day) == (2, 29) else reference.day
    dates = [reference.replace(year=reference.year - age, day=day) for age in range(MAX_AGE + 1)]
    return np.array(dates, dtype="datetime64[D]")


def _female_share(tables: Tables) -> Floats:
    share = np.zeros(MAX_AGE + 1)
    for band in tables.age_bands:
        share[band.low : band.high + 1] = band.females / band.persons
    return share


def _prevalence(tables: Tables, female_share: Floats) -> Floats:
    """Probability of each condition by age and sex; shape (conditions, ages, male or female).

    The ratio of the sexes is that of the table by sex, scaled at every age so that both sexes
    together keep the prevalence that the table by age states.
    """
    names = tables.condition_names
    rates = np.zeros((len(names), MAX_AGE + 1, 2))
    for row in tables.conditions:
        rates[names.index(row.condition), row.low : row.high + 1] = row.percent / 100
    for by_sex in tables.conditions_by_sex:
        rates[names.index(by_sex.condition)] *= _sex_factors(by_sex, female_share)
    return np.minimum(rates, 1.0)


def _sex_factors(row: SexRate, female_share: Floats) -> Floats:
    both = female_share * row.female_percent + (1 - female_share) * row.male_percent
    factors = np.ones((MAX_AGE + 1, 2))
    factors[row.low :, 0] = row.male_percent / both[row.low :]
    factors[row.low :, 1] = row.female_percent / both[row.low :]
    return factors


def _vital_signs(tables: Tables) -> dict[str, Floats]:
    """By vital sign: mean, sd, least, most and decimals at each age; shape (5, ages)."""
    ranges = {name: np.zeros((5, MAX_AGE + 1)) for name in tables.vital_sign_names}
    for row in tables.vital_signs:
        values = (row.mean, row.sd, row.least, row.most, row.decimals)
        ranges[row.vital_sign][:, row.low : row.high + 1] = np.array(values)[:, None]
    return ranges
