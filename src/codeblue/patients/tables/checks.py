"""Checks the clinical tables against each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from codeblue.errors import UsageError, did_you_mean
from codeblue.patients.institutions import WORKFLOWS
from codeblue.workspace import find

if TYPE_CHECKING:
    from codeblue.patients.tables import Tables

_ALL = 100.0  # percent
_NAMED = ("races", "conditions", "medications", "allergies", "measurements", "workflows")


def table_path(name: str, workspace: Path | None) -> Path:
    """Where the table ``name`` is, e.g. ``"races"``.

    Raises:
        UsageError: neither the workspace nor the built-in content has it.
    """
    return find(Path("synthetic_data") / "tables" / f"{name}.csv", workspace)


@dataclass(frozen=True)
class TableChecks:
    """What one row alone cannot show: names that agree, bands that meet, shares that fit."""

    tables: Tables
    workspace: Path | None

    def all(self) -> None:
        """Look at every table.

        Raises:
            UsageError: naming the first row that does not fit.
        """
        tables = self.tables
        self._age_bands()
        self._races()
        self._names()
        self._conditions()
        self._allergies()
        self._once("comorbidities", [row.condition for row in tables.comorbidities])
        self._comorbidities()
        self._relations()
        self._measurements()
        self._retired_codes()
        self._unit_confusions()
        self._workflows()

    def _wrong(self, table: str, row: int | None, text: str) -> UsageError:
        """``row`` counts from 0; ``None`` is the table as a whole."""
        line = 1 if row is None else row + 2
        return UsageError(f"{table_path(table, self.workspace)}:{line}: {text}")

    def _age_bands(self) -> None:
        low = 0
        for row, band in enumerate(self.tables.age_bands):
            if band.low != low or band.high < low:
                text = f"this band must start at age {low} and not end before. Close the gap."
                raise self._wrong("age_bands", row, text)
            if band.females > band.persons:
                text = "more females than persons. Correct one of them."
                raise self._wrong("age_bands", row, text)
            low = band.high + 1

    def _races(self) -> None:
        if not sum(row.not_hispanic + row.hispanic for row in self.tables.races):
            raise self._wrong("races", None, "nobody is counted. Write the counts of a census.")

    def _names(self) -> None:
        tables = self.tables
        for table in _NAMED:
            self._once(table, [row.name for row in getattr(tables, table)])
        conditions, measurements = tables.condition_names, tables.measurement_names
        for table, column, known in (
            ("conditions_by_age", "condition", conditions),
            ("conditions_by_sex", "condition", conditions),
            ("comorbidities", "condition", conditions),
            ("comorbidities", "given", conditions),
            ("retired_codes", "condition", conditions),
            ("medications", "condition", conditions),
            ("measurements_by_age", "measurement", measurements),
            ("effects", "measurement", measurements),
            ("effects", "cause", (*conditions, *tables.medication_names)),
            ("relations", "measurement", measurements),
            ("relations", "follows", measurements),
            ("unit_confusions", "measurement", measurements),
        ):
            used = [getattr(row, column) for row in getattr(tables, table)]
            self._known(table, column, used, known)

    def _once(self, table: str, keys: Sequence[object]) -> None:
        for row, key in enumerate(keys):
            if key in keys[:row]:
                text = f'"{key}" stands in another row too. Remove one of them.'
                raise self._wrong(table, row, text)

    def _known(self, table: str, column: str, used: list[str], known: Collection[str]) -> None:
        for row, name in enumerate(used):
            if name not in known:
                text = f'{column} "{name}" is not known. {did_you_mean(name, known)}'
                raise self._wrong(table, row, text)

    def _bands(self, table: str, bands: list[tuple[str, int, int]]) -> None:
        """Bands of the same name end after they start, and do not overlap."""
        ordered = sorted((*band, row) for row, band in enumerate(bands))
        for name, low, high, row in ordered:
            if high < low:
                raise self._wrong(table, row, f'"{name}" ends before it starts. Swap low and high.')
        for (name, _, high, _), (following, low, _, row) in pairwise(ordered):
            if name == following and low <= high:
                text = (
                    f'"{name}" at age {low} stands in another row too. '
                    "Make the bands meet without overlapping."
                )
                raise self._wrong(table, row, text)

    def _conditions(self) -> None:
        rows = self.tables.conditions_by_age
        self._bands("conditions_by_age", [(row.condition, row.low, row.high) for row in rows])
        self._once("conditions_by_sex", [row.condition for row in self.tables.conditions_by_sex])
        for row, name in enumerate(self.tables.condition_names):
            if name not in {rate.condition for rate in rows}:
                text = f'"{name}" has no row in conditions_by_age.csv. Add one there.'
                raise self._wrong("conditions", row, text)

    def _allergies(self) -> None:
        total = 0.0
        for row, allergy in enumerate(self.tables.allergies):
            total += allergy.percent
            if total > _ALL:
                text = f"all allergies to here come to {total:g} %. A person has at most one."
                raise self._wrong("allergies", row, text)

    def _comorbidities(self) -> None:
        """A condition is drawn after the one that it is more common with."""
        places = {name: place for place, name in enumerate(self.tables.condition_names)}
        for row, pair in enumerate(self.tables.comorbidities):
            if places[pair.given] >= places[pair.condition]:
                text = (
                    f'"{pair.given}" does not stand above "{pair.condition}" in conditions.csv. '
                    "Change their order there."
                )
                raise self._wrong("comorbidities", row, text)

    def _relations(self) -> None:
        relations = self.tables.relations
        self._bands("relations", [(row.measurement, row.low, row.high) for row in relations])
        self._once("effects", [(row.measurement, row.cause) for row in self.tables.effects])
        units = {row.name: (row.ucum, row.decimals) for row in self.tables.measurements}
        first = {row.measurement: row for row in reversed(relations)}
        for place, row in enumerate(relations):
            if row.follows in first:
                text = f'"{row.follows}" itself follows another. Let both follow the same one.'
                raise self._wrong("relations", place, text)
            if row.follows != first[row.measurement].follows:
                text = f'"{row.measurement}" follows two others. Decide for one of them.'
                raise self._wrong("relations", place, text)
            if row.gap is not None and units[row.measurement] != units[row.follows]:
                text = "a gap is between measurements of the same unit and decimals. Empty it."
                raise self._wrong("relations", place, text)

    def _measurements(self) -> None:
        formulas = [row for row in self.tables.relations if row.intercept is not None]
        for place, row in enumerate(self.tables.measurements_by_age):
            bands = [band for band in formulas if band.measurement == row.measurement]
            found = [band for band in bands if band.low <= row.low and row.high <= band.high]
            if (row.mean is None) != bool(found):
                advice = "Empty it" if found else "Write it"
                text = f'the mean of "{row.measurement}" is at odds with relations.csv. {advice}.'
                raise self._wrong("measurements_by_age", place, text)
            if not row.least < row.most or not row.least <= (row.mean or row.least) <= row.most:
                text = "least, mean and most are not in this order. Correct them."
                raise self._wrong("measurements_by_age", place, text)
        for sex in ("female", "male"):
            self._every_age_measured(sex)

    def _every_age_measured(self, sex: str) -> None:
        rows = self.tables.measurements_by_age
        # A band of the other sex stays in its line as a name of its own that meets nothing.
        bands = [
            (row.measurement if row.sex in ("", sex) else f"#{place}", row.low, row.high)
            for place, row in enumerate(rows)
        ]
        self._bands("measurements_by_age", bands)
        oldest = self.tables.age_bands[-1].high
        for name in self.tables.measurement_names:
            covered = {
                age for band, low, high in bands if band == name for age in range(low, high + 1)
            }
            if missing := sorted(set(range(oldest + 1)) - covered):
                text = (
                    f'"{name}" has no row for age {missing[0]} ({sex}). '
                    f"Cover every age from 0 to {oldest}."
                )
                raise self._wrong("measurements_by_age", None, text)

    def _retired_codes(self) -> None:
        keys = [f"{row.code} of {row.condition}" for row in self.tables.retired_codes]
        self._once("retired_codes", keys)

    def _unit_confusions(self) -> None:
        """A measurement comes in its own unit and in those that this one is mistaken for."""
        rows = self.tables.unit_confusions
        own = {row.name: row.ucum for row in self.tables.measurements}
        pairs = [f"{row.measurement}: {row.written} for {row.mistaken_for}" for row in rows]
        self._once("unit_confusions", pairs)
        known = {name: {ucum} for name, ucum in own.items()}
        for row in rows:
            if row.written == own[row.measurement]:
                known[row.measurement].add(row.mistaken_for)
        for place, row in enumerate(rows):
            for unit in (row.written, row.mistaken_for):
                if unit not in known[row.measurement]:
                    advice = did_you_mean(unit, known[row.measurement])
                    text = f'"{unit}" is no known unit of {row.measurement}. {advice}'
                    raise self._wrong("unit_confusions", place, text)
            if row.written == row.mistaken_for:
                text = f'"{row.written}" stands for itself. Write another unit in one column.'
                raise self._wrong("unit_confusions", place, text)

    def _workflows(self) -> None:
        named = [row.name for row in self.tables.workflows]
        self._known("workflows", "workflow", named, WORKFLOWS)
        if missing := [name for name in WORKFLOWS if name not in named]:
            text = f'"{missing[0]}" has no row. Add one.'
            raise self._wrong("workflows", None, text)
