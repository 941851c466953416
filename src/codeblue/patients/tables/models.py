"""The rows of the clinical tables in ``synthetic_data/tables/``: one class for each CSV file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from codeblue.patients.content import Content

MAX_AGE = 120


def _blank_is_none(cell: Any) -> Any:
    return None if cell == "" else cell


BARE = r"[^\"\\|^~&\x00-\x1f\x7f]"
"""A character that is safe in JSON and between the delimiters of HL7 v2."""

Bare = Annotated[str, Field(pattern=rf"^{BARE}+$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Age = Annotated[int, Field(ge=0, le=MAX_AGE)]
Percent = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Number = Annotated[float, Field(ge=-1e6, le=1e6)]
MaybeNumber = Annotated[Number | None, BeforeValidator(_blank_is_none)]
Snomed = Annotated[str, Field(pattern=r"^[0-9]{6,18}$")]
Source = Annotated[str, Field(min_length=8)]


class AgeBand(Content):
    """How many persons, and how many of them female, are ``low`` to ``high`` years old."""

    low: Age
    high: Age
    persons: Annotated[Count, Field(gt=0)]
    females: Count
    source: Source


class Race(Content):
    """How many persons say so; ``code`` is of ``system``, as US Core's race extension wants it."""

    race: Name
    code: Bare
    system: Bare
    display: Bare
    not_hispanic: Count
    hispanic: Count
    source: Source

    @property
    def name(self) -> str:
        """What the other tables call it."""
        return self.race


class Condition(Content):
    """A condition that persons can have, under its SNOMED CT code."""

    condition: Name
    snomed: Snomed
    display: Bare
    source: Source

    @property
    def name(self) -> str:
        """What the other tables call it."""
        return self.condition


class FormerCode(Content):
    """A code that a condition had in ``system`` until ``retired_on``."""

    condition: Name
    system: Bare
    code: Bare
    display: Bare
    retired_on: date
    source: Source


class ConditionRate(Content):
    """Prevalence of a condition among persons of ``low`` to ``high`` years, both included."""

    condition: Name
    low: Age
    high: Age
    percent: Percent
    source: Source


class SexRate(Content):
    """Prevalence of a condition by sex among persons of ``low`` years and older."""

    condition: Name
    low: Age
    female_percent: Annotated[Percent, Field(gt=0)]
    male_percent: Annotated[Percent, Field(gt=0)]
    source: Source


class Comorbidity(Content):
    """``condition`` is ``relative_risk`` times as common with condition ``given`` as without."""

    condition: Name
    given: Name
    relative_risk: Annotated[float, Field(gt=0, le=100)]
    source: Source


class Medication(Content):
    """What ``percent`` of the persons with ``condition`` take from ``low`` years on."""

    medication: Name
    rxnorm: Annotated[str, Field(pattern=r"^[0-9]{1,8}$")]
    display: Bare
    condition: Name
    low: Age
    percent: Percent
    dosage: Bare
    source: Source

    @property
    def name(self) -> str:
        """What the other tables call it."""
        return self.medication


class Allergy(Content):
    """An allergy that ``percent`` of the persons have; category and criticality as in FHIR R4."""

    allergy: Name
    snomed: Snomed
    display: Bare
    category: Literal["food", "medication", "environment", "biologic"]
    criticality: Literal["low", "high", "unable-to-assess"]
    percent: Percent
    source: Source

    @property
    def name(self) -> str:
        """What the other tables call it."""
        return self.allergy


class Measurement(Content):
    """Something that is measured at a visit, in ``ucum``, under one or two LOINC codes.

    ``persistence`` is the share of the variance, beyond age, sex and health, that stays with a
    person from visit to visit.
    """

    measurement: Name
    category: Literal["vital-signs", "laboratory"]
    loinc: Annotated[str, Field(pattern=r"^[0-9]{3,5}-[0-9](\|[0-9]{3,5}-[0-9])?$")]
    display: Bare
    ucum: Bare
    unit: Bare
    decimals: Annotated[int, Field(ge=0, le=2)]
    persistence: Annotated[float, Field(ge=0, le=1)]
    source: Source

    @property
    def name(self) -> str:
        """What the other tables call it."""
        return self.measurement

    @property
    def codes(self) -> tuple[str, ...]:
        """The LOINC codes, the first one foremost."""
        return tuple(self.loinc.split("|"))


class UnitConfusion(Content):
    """A unit (UCUM) that is ``written`` for a measurement, and one that it is mistaken for.

    The same amount is ``value * factor + offset`` in the other unit, where it has ``decimals``.
    """

    measurement: Name
    written: Bare
    mistaken_for: Bare
    factor: Annotated[float, Field(gt=0, le=1e6)]
    offset: Number
    decimals: Annotated[int, Field(ge=0, le=4)]
    source: Source

    def convert(self, value: float) -> float:
        """What ``value`` is in the other unit, not rounded."""
        return value * self.factor + self.offset


class Workflow(Content):
    """What a kind of visit is called: HL7 v3 ActCode, HL7 v2 table 0004 and SNOMED CT."""

    workflow: Name
    act_code: Bare
    act_display: Bare
    patient_class: Annotated[str, Field(pattern=r"^[A-Z]$")]
    snomed: Snomed
    display: Bare
    source: Source

    @property
    def name(self) -> str:
        """What the profiles of institutions call it."""
        return self.workflow


class MeasurementRange(Content):
    """What a measurement is at ``low`` to ``high`` years; cut off at ``least`` and ``most``.

    ``mean`` is that of all persons of this age and sex, sick and well; ``sd`` is the deviation of
    one of them who has no condition around what is expected. A measurement that follows another
    by a formula of ``relations.csv`` has no ``mean`` of its own.
    """

    measurement: Name
    sex: Literal["", "female", "male"]
    low: Age
    high: Age
    mean: MaybeNumber
    sd: Annotated[Number, Field(gt=0)]
    least: Annotated[Number, Field(ge=0)]
    most: Number
    source: Source


class Effect(Content):
    """How a condition or medication (``cause``) shifts a measurement and widens its deviation."""

    measurement: Name
    cause: Name
    shift: Number
    sd: Annotated[Number, Field(ge=0)]
    source: Source


class Relation(Content):
    """A measurement moves by ``slope`` for each unit by which the one it follows deviates.

    With an ``intercept`` its mean follows too: measurement = slope x followed + intercept. With a
    ``gap`` it stays at least that far below what it follows.
    """

    measurement: Name
    follows: Name
    low: Age
    high: Age
    slope: Number
    intercept: MaybeNumber
    gap: MaybeNumber
    source: Source
