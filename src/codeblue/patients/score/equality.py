"""Whether a platform says the same as was sent, though it may write it in another way."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isclose
from typing import NamedTuple

from codeblue.patients.dirt.values import in_other_unit
from codeblue.patients.tables import Tables

_NUMBERS = frozenset({"value", "systolic", "diastolic"})
_TIMES = frozenset({"effective", "start", "end", "created", "onset", "authored"})
_ROUNDED = 0.015  # 5.5 mmol/L of glucose are 98.2 to 100.0 mg/dL


class Quantity(NamedTuple):
    """A value and its unit, as texts."""

    value: str
    ucum: str


def same(field: str, one: str, other: str) -> bool:
    """Equal texts; in fields of numbers and times, equal numbers or instants."""
    return one == other or canonical(field, one) == canonical(field, other)


def same_quantity(tables: Tables, measurement: str, one: Quantity, other: Quantity) -> bool:
    """Equal numbers of one unit, or nearly equal ones of two: converted values are rounded."""
    if one.ucum == other.ucum:
        return same("value", one.value, other.value)
    try:
        converted = in_other_unit(tables, measurement, float(one.value), one.ucum, other.ucum)
        return converted is not None and isclose(converted, float(other.value), rel_tol=_ROUNDED)
    except ValueError:
        return False


def canonical(field: str, text: str) -> str:
    """One way to write it; what is no number or time stays as it is."""
    try:
        if field in _NUMBERS:
            return repr(float(text))
        if field in _TIMES:
            return _utc(datetime.fromisoformat(text)).isoformat()
    except ValueError:
        pass
    return text


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
