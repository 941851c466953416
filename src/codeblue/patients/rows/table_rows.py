"""Rows of relational tables: the same facts as in FHIR, one column per field, all as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from codeblue.patients.people.persons import Persons
from codeblue.patients.rows import Rows
from codeblue.patients.rows.charts import Charts
from codeblue.patients.rows.fhir_rows import patients
from codeblue.patients.rows.observations import single_observations
from codeblue.patients.rows.problems import allergies, conditions, medications
from codeblue.patients.rows.visit_rows import appointments, encounters

if TYPE_CHECKING:
    from codeblue.patients.population import Population

_CODED = ("id", "patient", "system", "code", "display")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "patients": (
        *("id", "record_number", "record_number_system", "family", "given", "middle"),
        *("gender", "birth_date", "street", "city", "state", "postal_code", "phone"),
        *("race_code", "race", "ethnicity_code", "ethnicity"),
    ),
    "encounters": (*_CODED, "status", "class", "start", "end"),
    "appointments": (*_CODED, "status", "created", "start", "end"),
    "observations": (*_CODED, "status", "category", "effective", "value", "unit", "ucum"),
    "conditions": (*_CODED, "clinical_status", "verification_status", "category", "onset"),
    "medication_requests": (*_CODED, "status", "intent", "authored", "dosage"),
    "allergies": (*_CODED, "clinical_status", "verification_status", "category", "criticality"),
}
"""The columns of each table; ``patient`` is the id of a row of ``patients``."""
TABLES = tuple(COLUMNS)

_MAKERS: Mapping[str, Callable[[Charts], Iterator[Rows]]] = {
    "patients": patients,
    "encounters": encounters,
    "appointments": appointments,
    "observations": single_observations,
    "conditions": conditions,
    "medication_requests": medications,
    "allergies": allergies,
}
TABLE_OF = {
    "Patient": "patients",
    "Encounter": "encounters",
    "Appointment": "appointments",
    "Observation": "observations",
    "Condition": "conditions",
    "MedicationRequest": "medication_requests",
    "AllergyIntolerance": "allergies",
}
"""The table in which rows of a FHIR resource type stand."""


def rows(
    population: Population, persons: Persons, institution: int, tables: Sequence[str] = ()
) -> Iterator[Rows]:
    """What the tables of the population's institution number ``institution`` hold.

    ``tables`` are some of ``TABLES``; by default all. Rows have the FHIR resource type of their
    table, and its columns in order. Only blocks that hold rows are given.
    """
    charts = Charts(population, persons, institution)
    for table in tables or TABLES:
        for block in _MAKERS[table](charts):
            if len(block):
                block.fields = {name: block.fields[name] for name in COLUMNS[table]}
                yield block
