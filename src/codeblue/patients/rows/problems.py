"""Rows of what persons have and take: Condition, MedicationRequest, AllergyIntolerance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from codeblue.patients.draws import DAYS, Dates
from codeblue.patients.institutions.records import Records
from codeblue.patients.rows import Rows, Value
from codeblue.patients.rows.charts import Charts, rows_about
from codeblue.patients.templates.text import dates, join

SNOMED = b"http://snomed.info/sct"
RXNORM = b"http://www.nlm.nih.gov/research/umls/rxnorm"


def conditions(charts: Charts) -> Iterator[Rows]:
    """One block of rows for each condition of the table."""
    for place, condition in enumerate(charts.population.tables.conditions):
        records = charts.of(charts.persons.conditions[:, place])
        if not records.row.size:
            continue
        onset = charts.onsets[records.row, place]
        fields: dict[str, Value] = {
            "id": join(records.id, f"-c{place}".encode()),
            "patient": records.id,
            "clinical_status": b"active",
            "verification_status": b"confirmed",
            "category": b"problem-list-item",
            "system": SNOMED,
            "code": condition.snomed.encode(),
            "display": condition.display.encode(),
            "onset": dates(onset),
        }
        yield rows_about(records, "Condition", fields, condition.name, {"onset": onset})


def medications(charts: Charts) -> Iterator[Rows]:
    """One block of rows for each medication of the table."""
    names = charts.population.tables.condition_names
    for place, medication in enumerate(charts.population.tables.medications):
        records = charts.of(charts.persons.medications[:, place])
        if not records.row.size:
            continue
        reason = charts.onsets[records.row, names.index(medication.condition)]
        authored = _authored(charts, medication.name, records, reason)
        fields: dict[str, Value] = {
            "id": join(records.id, f"-m{place}".encode()),
            "patient": records.id,
            "status": b"active",
            "intent": b"order",
            "system": RXNORM,
            "code": medication.rxnorm.encode(),
            "display": medication.display.encode(),
            "dosage": medication.dosage.encode(),
            "authored": dates(authored),
        }
        typed = {"authored": authored}
        yield rows_about(records, "MedicationRequest", fields, medication.name, typed)


def allergies(charts: Charts) -> Iterator[Rows]:
    """One block of rows for each allergy of the table."""
    for place, allergy in enumerate(charts.population.tables.allergies):
        records = charts.of(charts.persons.allergy == place)
        if not records.row.size:
            continue
        fields: dict[str, Value] = {
            "id": join(records.id, f"-a{place}".encode()),
            "patient": records.id,
            "clinical_status": b"active",
            "verification_status": b"confirmed",
            "category": allergy.category.encode(),
            "criticality": allergy.criticality.encode(),
            "system": SNOMED,
            "code": allergy.snomed.encode(),
            "display": allergy.display.encode(),
        }
        yield rows_about(records, "AllergyIntolerance", fields, allergy.name)


def _authored(charts: Charts, medication: str, records: Records, reason: Dates) -> Dates:
    """Some day from the onset of the reason to the reference date."""
    population, persons = charts.population, charts.persons
    drawn = population.draws.uniform(f"medication:{medication}:date", persons.start, len(persons))
    days = (np.datetime64(population.reference_date, "D") - reason).astype(np.int64)
    return np.asarray(reason + (drawn[records.row] * days).astype(DAYS))
