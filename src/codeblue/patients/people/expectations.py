"""What to expect of each measurement by age, sex and health, worked out from the tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codeblue.patients.draws import Floats
from codeblue.patients.people.clinical import (
    AGES,
    FEMALE,
    MALE,
    medication_shares,
    prevalence,
)
from codeblue.patients.tables import Tables
from codeblue.patients.tables.models import Measurement, Relation

Singles = NDArray[np.float32]

_ALMOST = 1e-6  # 0.15 in hundredths is a little more than 15
_SEXES = {"": (MALE, FEMALE), "male": (MALE,), "female": (FEMALE,)}


@dataclass(frozen=True)
class Shift:
    """How a cause moves a measurement and widens its deviation.

    ``cause`` is the place of a condition, or of a medication after all conditions.
    """

    cause: int
    by: np.float32
    sd: np.float32


@dataclass(frozen=True)
class Expectation:
    """One measurement, in units of its last decimal.

    The arrays hold one value per group: 2 x age in years, plus 1 for females. ``base`` is what is
    expected of who has none of the causes; with everyone's shifts it comes to ``mean``.
    """

    name: str
    stays: np.float32  # weight of the deviation that a person keeps
    changes: np.float32  # weight of the deviation that each visit brings
    base: Singles
    mean: Singles
    sd: Singles
    least: Singles
    most: Singles
    shifts: tuple[Shift, ...]
    follows: str | None
    slope: Singles
    gap: Singles | None  # how far it stays below what it follows, at least


def expectations(tables: Tables) -> list[Expectation]:
    """One per measurement; those that others follow come first."""
    followers = {row.measurement for row in tables.relations}
    ordered = sorted(tables.measurements, key=lambda row: row.name in followers)
    causes = _causes(tables)
    return [_expectation(tables, row, causes) for row in ordered]


def _expectation(tables: Tables, row: Measurement, causes: dict[str, Floats]) -> Expectation:
    relations = [found for found in tables.relations if found.measurement == row.name]
    scale = 10.0**row.decimals
    mean, sd, least, most = _ranges(tables, row.name)
    _follow(mean, relations, tables)
    return Expectation(
        name=row.name,
        stays=np.float32(np.sqrt(row.persistence)),
        changes=np.float32(np.sqrt(1 - row.persistence)),
        base=_flat(scale * (mean - _shifted(tables, row.name, causes))),
        mean=_flat(scale * mean),
        sd=_flat(scale * sd),
        least=_flat(np.ceil(scale * least - _ALMOST)),
        most=_flat(np.floor(scale * most + _ALMOST)),
        shifts=_shifts(tables, row, list(causes)),
        follows=relations[0].follows if relations else None,
        slope=_flat(scale * _slopes(relations, tables)),
        gap=_flat(scale * _gaps(relations)) if any(r.gap is not None for r in relations) else None,
    )


def _follow(mean: Floats, relations: list[Relation], tables: Tables) -> None:
    """Fill in the mean of a measurement that follows another by a formula."""
    for row in relations:
        if row.intercept is not None:
            ages = slice(row.low, row.high + 1)
            mean[ages] = row.slope * _ranges(tables, row.follows)[0, ages] + row.intercept


def _slopes(relations: list[Relation], tables: Tables) -> Floats:
    """For deviations in units of the last decimal of what is followed; shape (ages, 2)."""
    places = tables.measurement_names
    slopes = np.zeros((AGES, 2))
    for row in relations:
        followed = tables.measurements[places.index(row.follows)]
        slopes[row.low : row.high + 1] = row.slope / 10.0**followed.decimals
    return slopes


def _gaps(relations: list[Relation]) -> Floats:
    """Shape (ages, 2)."""
    gaps = np.full((AGES, 2), -np.inf)
    for row in relations:
        if row.gap is not None:
            gaps[row.low : row.high + 1] = row.gap
    return gaps


def _ranges(tables: Tables, name: str) -> Floats:
    """Mean, sd, least and most; shape (4, ages, male or female)."""
    ranges = np.zeros((4, AGES, 2))
    for row in tables.measurements_by_age:
        if row.measurement == name:
            values = np.array((row.mean or 0.0, row.sd, row.least, row.most))
            for sex in _SEXES[row.sex]:
                ranges[:, row.low : row.high + 1, sex] = values[:, None]
    return ranges


def _causes(tables: Tables) -> dict[str, Floats]:
    """Probability of each condition and medication by age and sex; shape (ages, 2) each."""
    conditions = dict(zip(tables.condition_names, prevalence(tables), strict=True))
    taken = medication_shares(tables)
    medications = {
        row.name: conditions[row.condition] * share[:, None]
        for row, share in zip(tables.medications, taken, strict=True)
    }
    return conditions | medications


def _shifted(tables: Tables, name: str, causes: dict[str, Floats]) -> Floats:
    """By how much all effects together move the mean of all persons; shape (ages, 2)."""
    moved = np.zeros((AGES, 2))
    for effect in tables.effects:
        if effect.measurement == name:
            moved += effect.shift * causes[effect.cause]
    return moved


def _shifts(tables: Tables, row: Measurement, causes: list[str]) -> tuple[Shift, ...]:
    scale = 10.0**row.decimals
    return tuple(
        Shift(
            causes.index(effect.cause),
            np.float32(scale * effect.shift),
            np.float32(scale * effect.sd),
        )
        for effect in tables.effects
        if effect.measurement == row.name
    )


def _flat(by_age_and_sex: Floats) -> Singles:
    return by_age_and_sex.astype(np.float32).reshape(-1)
