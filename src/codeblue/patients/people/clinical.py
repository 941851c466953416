"""What persons have and take: conditions, the medications for them, and allergies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeblue.patients.draws import DAYS, LANE, Bools, Dates, Draws, Floats, Ints
from codeblue.patients.tables import Tables
from codeblue.patients.tables.models import MAX_AGE, Comorbidity, SexRate

if TYPE_CHECKING:
    from codeblue.patients.people.persons import Persons
    from codeblue.patients.population import Population

AGES = MAX_AGE + 1
MALE, FEMALE = 0, 1

_DAYS_IN_YEAR = 365.2425
_LONGEST = 20  # years that a condition has been known for at most


class Clinic:
    """Draws who has what by age and sex, and who takes what for it."""

    def __init__(self, tables: Tables, draws: Draws) -> None:
        self._draws = draws
        self._limits = [
            (name, _limits(shares), given) for name, shares, given in _conditions(tables)
        ]
        self._medications = _medications(tables)
        percents = [allergy.percent for allergy in tables.allergies]
        bounds = np.rint(LANE * np.cumsum([0.0, *percents]) / 100).astype(np.int64)
        self._allergies = np.full(LANE, -1, dtype=np.int64)
        self._allergies[: bounds[-1]] = np.repeat(np.arange(len(percents)), np.diff(bounds))

    def draw(self, start: int, age: Ints, female: Bools) -> tuple[Bools, Bools]:
        """Conditions and medications, as shaped in ``Persons``."""
        count = len(age)
        group = 2 * age + female
        has = np.empty((count, len(self._limits)), dtype=np.bool_, order="F")
        for place, (name, limits, given) in enumerate(self._limits):
            lane = self._draws.lanes(f"condition:{name}", start, count)[0]
            where = group if given is None else 2 * group + has[:, given]
            np.less(lane, limits[where], out=has[:, place])
        takes = np.empty((count, len(self._medications)), dtype=np.bool_, order="F")
        for place, (name, condition, limit) in enumerate(self._medications):
            lane = self._draws.lanes(f"medication:{name}", start, count)[0]
            np.less(lane, limit[age], out=takes[:, place])
            takes[:, place] &= has[:, condition]
        return has, takes

    def allergy(self, start: int, count: int) -> Ints:
        """The one allergy of each person, or -1."""
        allergies: Ints = self._allergies[self._draws.lanes("allergy", start, count)[0]]
        return allergies


def onsets(population: Population, persons: Persons) -> Dates:
    """When each condition was first recorded; shape (persons, conditions), days.

    It is NaT where a person does not have the condition. It lies after birth, before the first
    visit that is exported, and not at an age at which the tables know nobody with the condition.
    """
    reference = np.datetime64(population.reference_date, "D")
    youngest = _youngest(population.tables)
    found = np.full(persons.conditions.shape, np.datetime64("NaT", "D"))
    for place, name in enumerate(population.tables.condition_names):
        rows = np.flatnonzero(persons.conditions[:, place])
        lanes = population.draws.lanes(f"condition:{name}", persons.start, len(persons))
        years = np.minimum(persons.age[rows] - youngest[place], _LONGEST)
        most = np.maximum((years * _DAYS_IN_YEAR).astype(np.int64), 1)
        ago = 1 + ((lanes[1][rows] * most) >> 16)
        born = persons.birth_date[rows]
        found[rows, place] = np.maximum(reference - ago.astype(DAYS), born)
    return found


def prevalence(tables: Tables) -> Floats:
    """Probability of each condition by age and sex; shape (conditions, ages, male or female).

    The ratio of the sexes is that of the table by sex, scaled at every age so that both sexes
    together keep the prevalence that the table by age states.
    """
    places = {name: place for place, name in enumerate(tables.condition_names)}
    rates = np.zeros((len(places), AGES, 2))
    for row in tables.conditions_by_age:
        rates[places[row.condition], row.low : row.high + 1] = row.percent / 100
    females = female_share(tables)
    for by_sex in tables.conditions_by_sex:
        rates[places[by_sex.condition]] *= _sex_factors(by_sex, females)
    return np.minimum(rates, 1.0)


def female_share(tables: Tables) -> Floats:
    """The share of females at each age."""
    share = np.zeros(AGES)
    for band in tables.age_bands:
        share[band.low : band.high + 1] = band.females / band.persons
    return share


def medication_shares(tables: Tables) -> Floats:
    """Probability of each medication for one who has its condition; shape (medications, ages)."""
    shares = np.zeros((len(tables.medications), AGES))
    for place, row in enumerate(tables.medications):
        shares[place, row.low :] = row.percent / 100
    return shares


def _sex_factors(row: SexRate, females: Floats) -> Floats:
    both = females * row.female_percent + (1 - females) * row.male_percent
    factors = np.ones((AGES, 2))
    factors[row.low :, MALE] = row.male_percent / both[row.low :]
    factors[row.low :, FEMALE] = row.female_percent / both[row.low :]
    return factors


def _conditions(tables: Tables) -> list[tuple[str, Floats, int | None]]:
    """Name, probability by group and the condition it depends on, in the order of the table.

    The group is age and sex, and then whether the person has the condition it depends on.
    """
    rates = prevalence(tables)
    places = {name: place for place, name in enumerate(tables.condition_names)}
    pairs = {row.condition: row for row in tables.comorbidities}
    found: list[tuple[str, Floats, int | None]] = []
    for name, place in places.items():
        if pair := pairs.get(name):
            given = places[pair.given]
            found.append((name, _split(rates[place], rates[given], pair), given))
        else:
            found.append((name, rates[place], None))
    return found


def _split(rate: Floats, given: Floats, pair: Comorbidity) -> Floats:
    """``rate`` apart for persons without and with the other condition; both come to ``rate``.

    Where the risk cannot be that high, it is as high as it can be: all with the other condition
    have this one, or none without it.
    """
    with_it = rate * pair.relative_risk / (1 + given * (pair.relative_risk - 1))
    fits = np.minimum(with_it, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = np.where(given < 1, (rate - given * fits) / (1 - given), rate)
    return np.stack([np.clip(without, 0.0, 1.0), fits], axis=-1)


def _limits(shares: Floats) -> Ints:
    """How many values of a lane mean yes."""
    return np.rint(LANE * shares).astype(np.int64).reshape(-1)


def _medications(tables: Tables) -> list[tuple[str, int, Ints]]:
    """Name, place of its condition, and how many values of a lane mean yes at each age."""
    shares = medication_shares(tables)
    names = tables.condition_names
    return [
        (row.name, names.index(row.condition), _limits(shares[place]))
        for place, row in enumerate(tables.medications)
    ]


def _youngest(tables: Tables) -> NDArray[np.int64]:
    """The lowest age at which the tables know each condition."""
    return np.array(
        [
            min(row.low for row in tables.conditions_by_age if row.condition == name)
            for name in tables.condition_names
        ],
        dtype=np.int64,
    )
