"""The clinical tables: who there is, what they have, what their vital signs look like."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field

from codeblue.errors import UsageError
from codeblue.patients.content import Content, read_table
from codeblue.workspace import find

MAX_AGE = 120

Age = Annotated[int, Field(ge=0, le=MAX_AGE)]
Percent = Annotated[float, Field(ge=0, le=100)]
Source = Annotated[str, Field(min_length=8)]


class AgeBand(Content):
    """How many persons, and how many of them female, are ``low`` to ``high`` years old."""

    low: Age
    high: Age
    persons: Annotated[int, Field(gt=0)]
    females: Annotated[int, Field(ge=0)]
    source: Source


class ConditionRate(Content):
    """Prevalence of a condition among persons of ``low`` to ``high`` years, both included."""

    condition: str
    snomed: Annotated[str, Field(pattern=r"^\d{6,18}$")]
    display: str
    low: Age
    high: Age
    percent: Percent
    source: Source


class SexRate(Content):
    """Prevalence of a condition by sex among persons of ``low`` years and older."""

    condition: str
    low: Age
    female_percent: Annotated[float, Field(gt=0, le=100)]
    male_percent: Annotated[float, Field(gt=0, le=100)]
    source: Source


class VitalSignRange(Content):
    """Distribution of a vital sign at ``low`` to ``high`` years, cut off at ``least`` and ``most``.

    ``loinc`` holds one or more codes, separated by ``|``; ``ucum`` is the unit of all numbers.
    """

    vital_sign: str
    loinc: Annotated[str, Field(pattern=r"^\d{3,5}-\d(\|\d{3,5}-\d)*$")]
    display: str
    ucum: str
    unit: str
    low: Age
    high: Age
    mean: float
    sd: Annotated[float, Field(gt=0)]
    least: float
    most: float
    decimals: Annotated[int, Field(ge=0, le=2)]
    source: Source


@dataclass(frozen=True)
class Tables:
    """All clinical tables of a workspace."""

    age_bands: tuple[AgeBand, ...]
    conditions: tuple[ConditionRate, ...]
    conditions_by_sex: tuple[SexRate, ...]
    vital_signs: tuple[VitalSignRange, ...]

    @property
    def condition_names(self) -> tuple[str, ...]:
        """The conditions, in the order of the table."""
        return tuple(dict.fromkeys(row.condition for row in self.conditions))

    @property
    def vital_sign_names(self) -> tuple[str, ...]:
        """The vital signs, in the order of the table."""
        return tuple(dict.fromkeys(row.vital_sign for row in self.vital_signs))


def load_tables(workspace: Path | None = None) -> Tables:
    """Read ``synthetic_data/tables/``.

    Raises:
        UsageError: a table is missing or wrong; the text says where and what to do.
    """
    folder = Path("synthetic_data") / "tables"
    ages, rates, by_sex, vitals = (
        find(folder / f"{name}.csv", workspace)
        for name in ("age_bands", "conditions", "conditions_by_sex", "vital_signs")
    )
    tables = Tables(
        age_bands=tuple(read_table(ages, AgeBand)),
        conditions=tuple(read_table(rates, ConditionRate)),
        conditions_by_sex=tuple(read_table(by_sex, SexRate)),
        vital_signs=tuple(read_table(vitals, VitalSignRange)),
    )
    _check_age_bands(ages, tables)
    _check_overlap(rates, [(row.condition, row.low, row.high) for row in tables.conditions])
    _check_overlap(vitals, [(row.vital_sign, row.low, row.high) for row in tables.vital_signs])
    _check_known(by_sex, tables)
    _check_every_age_measured(vitals, tables)
    return tables


def _check_age_bands(path: Path, tables: Tables) -> None:
    bands = tables.age_bands
    expected = (0, *(band.high + 1 for band in bands))
    for line, (band, low) in enumerate(zip(bands, expected, strict=False), 2):
        if band.low != low or band.high < band.low:
            raise UsageError(f"{path}:{line}: this band must start at age {low}. Close the gap.")
        if band.females > band.persons:
            raise UsageError(f"{path}:{line}: more females than persons. Correct one of them.")


def _check_overlap(path: Path, bands: list[tuple[str, int, int]]) -> None:
    lines = sorted((*band, line) for line, band in enumerate(bands, 2))
    for name, low, high, line in lines:
        if high < low:
            raise UsageError(f'{path}:{line}: "{name}" ends before it starts. Swap low and high.')
    for (name, _, high, _), (following, low, _, line) in pairwise(lines):
        if name == following and low <= high:
            raise UsageError(
                f'{path}:{line}: "{name}" at age {low} stands in another row too. '
                "Make the bands meet without overlapping."
            )


def _check_known(path: Path, tables: Tables) -> None:
    for line, row in enumerate(tables.conditions_by_sex, 2):
        if row.condition not in tables.condition_names:
            raise UsageError(
                f'{path}:{line}: "{row.condition}" has no rows in conditions.csv. Add them there.'
            )


def _check_every_age_measured(path: Path, tables: Tables) -> None:
    oldest = tables.age_bands[-1].high
    for name in tables.vital_sign_names:
        rows = [row for row in tables.vital_signs if row.vital_sign == name]
        covered = {age for row in rows for age in range(row.low, row.high + 1)}
        missing = sorted(set(range(oldest + 1)) - covered)
        if missing:
            raise UsageError(
                f'{path}:1: "{name}" has no row for age {missing[0]}. '
                f"Cover every age from 0 to {oldest}."
            )
