"""One synthetic patient, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class VitalSign:
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
    """A person of a population. ``age`` is in completed years on the reference date."""

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
    street: str
    city: str
    state: str
    postal_code: str
    phone: str
    conditions: tuple[str, ...]
    vital_signs: tuple[VitalSign, ...]
    measured_at: datetime
