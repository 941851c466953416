"""FHIR search parameters (https://hl7.org/fhir/R4/search.html): those that an index serves.

Text, so never strictly typed; unknown ones are ignored.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from reference_platform.contract.primitives import ID_PATTERN, Id, Line, Strict, absent

DATE_PATTERN = r"^(eq|ge|le|gt|lt)?[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class Query(Strict):
    """Query parameters."""

    model_config = ConfigDict(extra="ignore")

    repeated: ClassVar[frozenset[str]] = frozenset()
    """Parameters that may come several times, such as both ends of a range of dates."""


def _check_day(value: str) -> str:
    date.fromisoformat(value[-10:])
    return value


Count = Annotated[
    str,
    Field(alias="_count", pattern=r"^([1-9][0-9]?|100)$"),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 100}),
]
Cursor = Annotated[str, Field(alias="_cursor", pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Where the next page begins: only as a `next` link names it."""
IdFilter = Annotated[Id, Field(alias="_id")]
PatientFilter = Annotated[str, Field(pattern=ID_PATTERN.replace("^", "^(Patient/)?", 1))]
# A calendar day and not more: the pattern alone would let the 31st of February pass.
Day = Annotated[str, Field(pattern=DATE_PATTERN), AfterValidator(_check_day)]
Days = Annotated[list[Day], Field(min_length=1, max_length=2)]
Token = Annotated[str, Field(max_length=600, pattern=r"^([!-{}~]+\|)?[!-{}~]+( [!-{}~]+)*$")]
"""`code` or `system|code`."""


class Paged(Query):
    """A search whose answer comes in pages."""

    count: Count = absent()
    cursor: Cursor = absent()


class PatientSearch(Paged):
    """`identifier` is `value` or `system|value`; `family` matches from the start of the name."""

    repeated = frozenset({"birthdate"})

    id_: IdFilter = absent()
    identifier: Line = absent()
    family: Line = absent()
    gender: Literal["male", "female", "other", "unknown"] = absent()
    birthdate: Days = absent()


class CompartmentSearch(Paged):
    """Of one patient, and/or by id or business identifier; the rest narrows that down."""

    repeated = frozenset({"date"})

    id_: IdFilter = absent()
    patient: PatientFilter = absent()
    identifier: Line = absent()

    @model_validator(mode="after")
    def _narrowed(self) -> CompartmentSearch:
        wide = CompartmentSearch.model_fields
        narrowing = self.model_fields_set - wide.keys()
        if narrowing and not self.model_fields_set & {"id_", "patient", "identifier"}:
            raise ValueError(f"name a patient besides {', '.join(sorted(narrowing))}")
        return self


class ObservationSearch(CompartmentSearch):
    """By what was measured, and when."""

    code: Token = absent()
    category: Token = absent()
    status: Token = absent()
    date: Days = absent()


class AllergyIntoleranceSearch(CompartmentSearch):
    """By substance, and by when it was recorded."""

    code: Token = absent()
    category: Token = absent()
    clinical_status: Annotated[Token, Field(alias="clinical-status")] = absent()
    date: Days = absent()


class EncounterSearch(CompartmentSearch):
    """By status and beginning."""

    status: Token = absent()
    date: Days = absent()


class ConditionSearch(CompartmentSearch):
    """By diagnosis, and by when it began."""

    repeated = frozenset({"onset-date"})

    code: Token = absent()
    category: Token = absent()
    clinical_status: Annotated[Token, Field(alias="clinical-status")] = absent()
    onset_date: Annotated[Days, Field(alias="onset-date")] = absent()


class MedicationRequestSearch(CompartmentSearch):
    """By medication, and by when it was written."""

    repeated = frozenset({"authoredon"})

    code: Token = absent()
    intent: Token = absent()
    status: Token = absent()
    authoredon: Days = absent()


class ConsentSearch(CompartmentSearch):
    """By category, and by when it was given."""

    category: Token = absent()
    status: Token = absent()
    date: Days = absent()


class ProvenanceSearch(Paged):
    """By patient or by what was written: `target` is `Observation/1`, in all its versions."""

    id_: IdFilter = absent()
    patient: PatientFilter = absent()
    target: Annotated[str, Field(pattern=rf"^[A-Z][A-Za-z]{{1,30}}/{ID_PATTERN[1:]}")] = absent()


class SlotSearch(Paged):
    """By whether it can still be booked."""

    id_: IdFilter = absent()
    status: Literal["free", "busy"] = absent()


class AppointmentSearch(Paged):
    """By patient or slot."""

    id_: IdFilter = absent()
    patient: PatientFilter = absent()
    slot: Annotated[str, Field(pattern=ID_PATTERN.replace("^", "^(Slot/)?", 1))] = absent()


class HistoryPage(Paged):
    """Which part of a history."""


SEARCHES: dict[str, type[Query]] = {
    "Patient": PatientSearch,
    "Observation": ObservationSearch,
    "AllergyIntolerance": AllergyIntoleranceSearch,
    "Encounter": EncounterSearch,
    "Condition": ConditionSearch,
    "MedicationRequest": MedicationRequestSearch,
    "Consent": ConsentSearch,
}
