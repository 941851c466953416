"""One synthetic patient, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement: a value in ``ucum`` under one or more LOINC codes."""

    name: str
    loinc: tuple[str, ...]
    display: str
    value: float
    unit: str
    ucum: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Patient:
    """A person of a population, and the record that the home institution keeps.

    ``age`` is in completed years on the reference date. ``measurements`` are those of the last
    visit before it that the patient came to; there are none without such a visit, and then
    ``measured_at`` is None. Conditions, medications and the allergy go by their names in the
    tables.
    """

    index: int
    uuid: str
    institution: str
    record_number: str
    record_number_system: str
    family: str
    given: str
    middle: str
    gender: str
    birth_date: date
    age: int
    race: str
    hispanic: bool
    street: str
    city: str
    state: str
    postal_code: str
    phone: str
    conditions: tuple[str, ...]
    medications: tuple[str, ...]
    allergy: str | None
    measurements: tuple[Measured, ...]
    measured_at: datetime | None
