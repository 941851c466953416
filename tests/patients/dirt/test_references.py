from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from codeblue.patients import Population
from codeblue.patients.dirt import Labels, Record, inject
from codeblue.patients.dirt.references import OrphanReference, WrongPatient
from codeblue.patients.rows import Rows

Spoil = Callable[..., dict[str, str]]


def observations(population: Population, resource: str = "Observation") -> Rows:
    records = population.records(population.persons(0, 5000), 1)
    fields = {"id": records.id, "patient": records.id, "record_number": records.number}
    return Rows(resource, 1, records.person, records.copy, dict(fields), "glucose:0")


def owners(population: Population) -> dict[str, tuple[int, int]]:
    """By id and by number: person and institution of every record."""
    persons = population.persons(0, population.size)
    found = {}
    for institution in range(len(population.institutions)):
        records = population.records(persons, institution)
        for text in (records.id, records.number):
            for name, person in zip(text.tolist(), records.person.tolist(), strict=True):
                found[name.decode()] = (person, institution)
    return found


def labels_of(population: Population, kind: str, resource: str = "Observation") -> Labels:
    return inject(observations(population, resource), {kind: 0.05}, 1.0, population)


def test_the_wrong_patient_is_another_one_of_the_institution(population: Population) -> None:
    known = owners(population)
    labels = labels_of(population, "wrong-patient").rows
    assert len(labels) > 50
    for label in labels:
        assert known[label.before] == (label.person, 1)
        person, institution = known[label.after]
        assert person != label.person
        assert institution == 1


def test_a_message_of_results_has_the_number_of_another_patient(population: Population) -> None:
    known = owners(population)
    labels = labels_of(population, "wrong-patient", "ORU^R01").rows
    assert labels
    assert all(label.place == "record_number" for label in labels)
    assert all(known[label.after][0] != label.person for label in labels)


@pytest.mark.parametrize("resource", ["Observation", "ORU^R01"])
def test_an_orphan_points_to_nobody(population: Population, resource: str) -> None:
    known = owners(population)
    labels = labels_of(population, "orphan-reference", resource).rows
    assert len(labels) > 50
    assert len({label.after for label in labels}) > 0.9 * len(labels)
    assert not {label.after for label in labels} & set(known)


def test_the_type_of_the_reference_stays(spoil: Spoil) -> None:
    spoiled = spoil(OrphanReference(), {"patient": "Patient/1"}, 5, "Observation")["patient"]
    assert spoiled.startswith("Patient/")
    assert len(spoiled) == len("Patient/") + 36


def test_nobody_is_mistaken_for_somebody_of_another_institution(population: Population) -> None:
    nowhere = len(population.institutions)
    rows = Rows("Observation", nowhere, np.array([0]), np.array([0]), {"patient": b"x"})
    assert WrongPatient().fields(rows, population.tables) == ("patient",)
    assert WrongPatient().change(Record(rows, 0, population), "patient", 3) == {}
