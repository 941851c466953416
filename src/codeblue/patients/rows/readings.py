"""Measurements as an institution writes them: under its codes, in its units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from codeblue.patients.draws import Ints
from codeblue.patients.institutions import LOINC, Codes, UnitHabit
from codeblue.patients.rows import Text
from codeblue.patients.rows.charts import Charts
from codeblue.patients.templates.text import scaled

_LOINC_IN_HL7 = "LN"  # HL7 table 0396


@dataclass(frozen=True)
class Coded:
    """What a measurement is called; ``hl7_system`` is how HL7 v2 names ``system``.

    ``second_code`` is another code of the same system, or empty.
    """

    system: bytes
    hl7_system: bytes
    code: bytes
    second_code: bytes
    display: bytes


@dataclass(frozen=True)
class Reading:
    """One measurement of some persons; ``values`` count units of the last decimal."""

    name: str
    category: bytes
    coded: Coded
    values: Ints
    decimals: int
    unit: bytes
    ucum: bytes

    @property
    def text(self) -> Text:
        """The values as they are written."""
        return scaled(self.values, self.decimals)


def readings(charts: Charts, visit: int, row: Ints) -> Iterator[Reading]:
    """What was measured at a visit of the persons at ``row``, in the order of the table."""
    measured = charts.population.measurements(charts.persons, visit)
    for each in charts.population.tables.measurements:
        values, decimals = measured.values[each.name][row], each.decimals
        unit, ucum = each.unit, each.ucum
        if habit := charts.profile.units.get(each.name):
            values, decimals = _converted(values, decimals, habit), habit.decimals
            unit, ucum = habit.unit, habit.ucum
        called = coded(charts.profile.codes, each.name, each.codes, each.display)
        category = each.category.encode()
        yield Reading(each.name, category, called, values, decimals, unit.encode(), ucum.encode())


def coded(codes: Codes, name: str, loinc: Sequence[str], display: str) -> Coded:
    """What an institution with these habits calls what LOINC calls ``loinc``."""
    system, hl7_system = LOINC, _LOINC_IN_HL7
    if local := codes.local.get(name):
        system, hl7_system = codes.system, codes.hl7_system
        loinc, display = (local.code,), local.display
    second = loinc[1] if len(loinc) > 1 else ""
    return Coded(*(text.encode() for text in (system, hl7_system, loinc[0], second, display)))


def _converted(values: Ints, decimals: int, habit: UnitHabit) -> Ints:
    written = values / 10.0**decimals * habit.factor + habit.offset
    return np.rint(written * 10.0**habit.decimals).astype(np.int64)
