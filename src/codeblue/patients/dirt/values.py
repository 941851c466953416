"""How much it was: values in another unit than the one beside them, and values that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codeblue.patients.dirt.kind import Record
from codeblue.patients.dirt.places import quantities
from codeblue.patients.rows import Rows
from codeblue.patients.tables import Tables
from codeblue.patients.tables.models import UnitConfusion

_IMPOSSIBLE = ("0", "-1", "999", "9999", "99999")  # what systems write for "not known"
_TEMPERATURE = {"Cel", "[degF]"}


@dataclass(frozen=True)
class _OtherUnit:
    """The value of one unit stands beside the name of another."""

    name: str
    title: str
    of_temperature: bool

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:
        """Values of the measurements that come in two units."""
        return tuple(
            field
            for field, what in quantities(rows).items()
            if any(map(self._can_slip, tables.confusions_of.get(what.name, ())))
        )

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """The value in the other unit; the unit stays."""
        what = quantities(record.rows)[field]
        unit = record[what.ucum_field]
        confusions = record.population.tables.confusions_of[what.name]
        found = [row for row in confusions if row.written == unit and self._can_slip(row)]
        if not found:
            return {}
        return {field: _converted(record[field], found[choice % len(found)])}

    def _can_slip(self, confusion: UnitConfusion) -> bool:
        units = {confusion.written, confusion.mistaken_for}
        return (units == _TEMPERATURE) is self.of_temperature


class ImpossibleValue:
    """A value that nobody alive can have."""

    name = "impossible-value"
    title = "a number that stands for unknown was sent as the value"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """All values."""
        return tuple(quantities(rows))

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:  # noqa: ARG002
        """0, -1 or many nines."""
        return {field: _IMPOSSIBLE[choice % len(_IMPOSSIBLE)]}


UNIT_SLIP = _OtherUnit(
    "unit-slip",
    "the value is in mmol/L beside the unit mg/dL, or the other way round",
    of_temperature=False,
)
FAHRENHEIT_AS_CELSIUS = _OtherUnit(
    "fahrenheit-as-celsius",
    "the temperature is in Fahrenheit beside the unit Celsius, or the other way round",
    of_temperature=True,
)


def in_other_unit(
    tables: Tables, measurement: str, value: float, ucum: str, other: str
) -> float | None:
    """A value of a measurement in the ``other`` unit; None when the two are not confused."""
    for confusion in tables.confusions_of.get(measurement, ()):
        if (confusion.written, confusion.mistaken_for) == (ucum, other):
            return confusion.convert(value)
    return None


def _converted(text: str, confusion: UnitConfusion) -> str:
    try:
        return f"{confusion.convert(float(text)):.{confusion.decimals}f}"
    except ValueError:
        return text  # no number stands there, so there is nothing to mistake
