"""Where the numbers stand: the fields of values, by what they measure."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.patients.rows import Rows

_PRESSURES = ("systolic", "diastolic")
_VALUE, _CODE = "/value", "/code"


@dataclass(frozen=True)
class Quantity:
    """What a field of values measures, and which field names its unit."""

    name: str
    ucum_field: str


def quantities(rows: Rows) -> dict[str, Quantity]:
    """What each field of values measures.

    ``value`` is what the part is named after; a message with several values has
    ``<measurement>/value`` and ``<measurement>/ucum`` for each.
    """
    found = {
        field: Quantity(field, f"{field}_ucum") for field in _PRESSURES if field in rows.fields
    }
    if "value" in rows.fields:
        found["value"] = Quantity(rows.part.partition(":")[0], "ucum")
    stems = (field.removesuffix(_VALUE) for field in rows.fields if field.endswith(_VALUE))
    return found | {f"{stem}{_VALUE}": Quantity(stem, f"{stem}/ucum") for stem in stems}


def codes(rows: Rows) -> tuple[str, ...]:
    """The fields of codes: of the record itself, or of each result in a message."""
    return tuple(field for field in rows.fields if field == "code" or field.endswith(_CODE))
