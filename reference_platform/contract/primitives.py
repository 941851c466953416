"""FHIR R4 primitive types (https://hl7.org/fhir/R4/datatypes.html#primitive) as strict strings.

Dates and times are at least days: the platform's age and time calculations need that much.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

ID_PATTERN = r"^[A-Za-z0-9\-.]{1,64}$"
ENTITY_TAG_PATTERN = r'^(W/)?"[!#-~]*"$'
_PLACE = (
    r"(Patient|Observation|AllergyIntolerance|Encounter|Condition|MedicationRequest|Consent|Slot"
    r"|Appointment|Practitioner|PractitionerRole|Organization|Location)/[A-Za-z0-9\-.]{1,64}"
)
_REFERENCE = rf"^(({_PLACE})|urn:uuid:[0-9a-fA-F\-]{{36}})$"
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _check_date(value: str) -> str:
    if not _DATE.fullmatch(value):
        raise ValueError("not a date, YYYY-MM-DD")
    date.fromisoformat(value)
    return value


def _check_instant(value: str) -> str:
    if not _INSTANT.fullmatch(value):
        raise ValueError("not a date-time, YYYY-MM-DDThh:mm:ss with Z or an offset")
    datetime.fromisoformat(re.sub(r"\.(\d{6})\d+", r".\1", value))
    return value


def _check_date_time(value: str) -> str:
    return _check_instant(value) if "T" in value else _check_date(value)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_DATE_SCHEMA = {"type": "string", "format": "date"}
_INSTANT_SCHEMA = {"type": "string", "format": "date-time"}

Id = Annotated[str, Field(pattern=ID_PATTERN)]
Code = Annotated[str, Field(max_length=100, pattern=r"^[!-~]+( [!-~]+)*$")]
Uri = Annotated[str, Field(max_length=500, pattern=r"^[!-~]+$")]
# Spelled without \s, of which every dialect of regular expressions has its own idea.
Line = Annotated[
    str, Field(max_length=500, pattern=r"^[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$")
]
Paragraph = Annotated[
    str, Field(max_length=20_000, pattern=r"^[^\x00-\x20\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f]*$")
]
ReferenceText = Annotated[str, Field(pattern=_REFERENCE)]
VersionReference = Annotated[str, Field(pattern=rf"^{_PLACE}/_history/[1-9][0-9]*$")]
"""A resource as it was in one of its versions."""
Date = Annotated[str, AfterValidator(_check_date), WithJsonSchema(_DATE_SCHEMA)]
Instant = Annotated[str, AfterValidator(_check_instant), WithJsonSchema(_INSTANT_SCHEMA)]
DateTime = Annotated[
    str,
    AfterValidator(_check_date_time),
    WithJsonSchema({"anyOf": [_INSTANT_SCHEMA, _DATE_SCHEMA]}),
]
WHOLE = BeforeValidator(_whole)
"""After the bounds of an int: 1.0 is an integer too, as JSON Schema has it; 1.5 is not."""
Decimal = Annotated[float, Field(ge=-1e12, le=1e12)]


def absent() -> Any:
    """The default of an optional field. FHIR knows no null, so the type does not allow it."""
    return Field(default=None)


class Strict(BaseModel):
    """No unknown field, no conversion between types, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Element(Strict):
    """A FHIR element, which is never empty (invariant ele-1)."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _not_empty(self) -> Element:
        if not self.model_fields_set:
            raise ValueError("an element holds at least one field (ele-1)")
        return self
