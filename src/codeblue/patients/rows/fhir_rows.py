"""Rows of FHIR R4 resources: what an institution's export says about persons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from codeblue.patients.people.persons import Persons
from codeblue.patients.rows import Rows, Value
from codeblue.patients.rows.charts import Charts, rows_about
from codeblue.patients.rows.demographics import demographics
from codeblue.patients.rows.observations import observations
from codeblue.patients.rows.problems import allergies, conditions, medications
from codeblue.patients.rows.visit_rows import appointments, encounters
from codeblue.patients.templates.text import dates, words

if TYPE_CHECKING:
    from codeblue.patients.population import Population

_GENDERS = words(("male", "female"))


def rows(
    population: Population, persons: Persons, institution: int, resources: Sequence[str] = ()
) -> Iterator[Rows]:
    """What the population's institution number ``institution`` exports about ``persons``.

    ``resources`` are some of ``RESOURCES``, in the order wanted; by default all. Only
    blocks that hold rows are given.
    """
    charts = Charts(population, persons, institution)
    for resource in resources or RESOURCES:
        yield from (block for block in _MAKERS[resource](charts) if len(block))


def patients(charts: Charts) -> Iterator[Rows]:
    """All records, duplicates among them."""
    records, persons = charts.records, charts.persons
    birth_date = persons.birth_date[records.row]
    fields: dict[str, Value] = {
        "id": records.id,
        "record_number": records.number,
        "record_number_system": charts.institution.record_number_system.encode(),
        **demographics(charts, records.row),
        "gender": _GENDERS[persons.female[records.row].view(np.uint8)],
        "birth_date": dates(birth_date),
    }
    yield rows_about(records, "Patient", fields, typed={"birth_date": birth_date})


_MAKERS: Mapping[str, Callable[[Charts], Iterator[Rows]]] = {
    "Patient": patients,
    "Encounter": encounters,
    "Appointment": appointments,
    "Observation": observations,
    "Condition": conditions,
    "MedicationRequest": medications,
    "AllergyIntolerance": allergies,
}
RESOURCES = tuple(_MAKERS)
"""The resource types of an export, in their order."""
