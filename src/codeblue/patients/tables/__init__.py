"""The clinical tables: who there is, what they have, what is measured of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from codeblue.patients.content import ContentT, read_table
from codeblue.patients.tables.checks import TableChecks, table_path
from codeblue.patients.tables.models import (
    AgeBand,
    Allergy,
    Comorbidity,
    Condition,
    ConditionRate,
    Effect,
    FormerCode,
    Measurement,
    MeasurementRange,
    Medication,
    Race,
    Relation,
    SexRate,
    UnitConfusion,
    Workflow,
)


@dataclass(frozen=True)
class Tables:
    """All clinical tables of a workspace.

    Conditions, medications, allergies, races and measurements are known by their place here.
    """

    age_bands: tuple[AgeBand, ...]
    races: tuple[Race, ...]
    conditions: tuple[Condition, ...]
    conditions_by_age: tuple[ConditionRate, ...]
    conditions_by_sex: tuple[SexRate, ...]
    comorbidities: tuple[Comorbidity, ...]
    retired_codes: tuple[FormerCode, ...]
    medications: tuple[Medication, ...]
    allergies: tuple[Allergy, ...]
    measurements: tuple[Measurement, ...]
    measurements_by_age: tuple[MeasurementRange, ...]
    effects: tuple[Effect, ...]
    relations: tuple[Relation, ...]
    unit_confusions: tuple[UnitConfusion, ...]
    workflows: tuple[Workflow, ...]

    @property
    def condition_names(self) -> tuple[str, ...]:
        """The conditions, in the order of the table."""
        return tuple(row.name for row in self.conditions)

    @property
    def medication_names(self) -> tuple[str, ...]:
        """The medications, in the order of the table."""
        return tuple(row.name for row in self.medications)

    @property
    def measurement_names(self) -> tuple[str, ...]:
        """The measurements, in the order of the table."""
        return tuple(row.name for row in self.measurements)

    @cached_property
    def confusions_of(self) -> Mapping[str, Sequence[UnitConfusion]]:
        """The unit confusions of each measurement that has any."""
        found: dict[str, list[UnitConfusion]] = defaultdict(list)
        for row in self.unit_confusions:
            found[row.measurement].append(row)
        return dict(found)

    @cached_property
    def retired_codes_of(self) -> Mapping[str, Sequence[str]]:
        """The retired codes of each condition that has any, by its SNOMED CT code."""
        snomed = {row.name: row.snomed for row in self.conditions}
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.retired_codes:
            found[snomed[row.condition]].append(row.code)
        return dict(found)


def load_tables(workspace: Path | None = None) -> Tables:
    """Read ``synthetic_data/tables/``.

    Raises:
        UsageError: a table is missing or wrong; the text says where and what to do.
    """

    def rows(name: str, model: type[ContentT]) -> tuple[ContentT, ...]:
        return tuple(read_table(table_path(name, workspace), model))

    tables = Tables(
        age_bands=rows("age_bands", AgeBand),
        races=rows("races", Race),
        conditions=rows("conditions", Condition),
        conditions_by_age=rows("conditions_by_age", ConditionRate),
        conditions_by_sex=rows("conditions_by_sex", SexRate),
        comorbidities=rows("comorbidities", Comorbidity),
        retired_codes=rows("retired_codes", FormerCode),
        medications=rows("medications", Medication),
        allergies=rows("allergies", Allergy),
        measurements=rows("measurements", Measurement),
        measurements_by_age=rows("measurements_by_age", MeasurementRange),
        effects=rows("effects", Effect),
        relations=rows("relations", Relation),
        unit_confusions=rows("unit_confusions", UnitConfusion),
        workflows=rows("workflows", Workflow),
    )
    TableChecks(tables, workspace).all()
    return tables
