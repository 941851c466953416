from __future__ import annotations

from collections.abc import Callable

import pytest

from codeblue.patients import Population
from codeblue.patients.dirt import Label, inject
from codeblue.patients.rows import Rows

MakePatients = Callable[[range], Rows]


@pytest.fixture(scope="module")
def labels(make_patients: MakePatients, population: Population) -> list[Label]:
    return inject(make_patients(range(6000)), {}, 1.0, population).rows


def test_every_second_record_is_labelled(labels: list[Label]) -> None:
    made = [label for label in labels if label.place == "id"]
    assert [label.person for label in made] == list(range(0, 6000, 3))
    assert all(label.copy == 2 and label.before == "" for label in labels if label.place == "id")
    assert {label.kind for label in labels} == {"duplicate"}


def test_middle_names_differ_as_often_as_was_found(labels: list[Label]) -> None:
    persons = len(range(0, 6000, 3))
    differing = sum(label.place == "middle" for label in labels)
    swapped = sum(label.place == "given" and label.after.startswith("Middle") for label in labels)
    assert (differing - swapped) / persons == pytest.approx(0.583, abs=0.04)


def test_mismatches_of_names_are_misspellings_as_often_as_was_found(labels: list[Label]) -> None:
    places = {
        place: {label.record: label for label in labels if label.place == place}
        for place in ("given", "family")
    }
    family = list(places["family"].values())
    assert share_misspelt(family) == pytest.approx(0.336, abs=0.08)
    # Names that changed places with the family name change the given name too.
    swapped = {label.record for label in family if not is_misspelt(label)}
    given = [label for label in places["given"].values() if label.record not in swapped]
    assert share_misspelt(given) == pytest.approx(0.531, abs=0.09)


def test_the_drift_is_the_same_in_every_kind_of_record(
    make_patients: MakePatients, population: Population, labels: list[Label]
) -> None:
    rows = make_patients(range(600))
    rows.resource = "ADT^A01"
    other = inject(rows, {}, 1.0, population).rows
    assert [label._replace(resource="Patient") for label in other] == [
        label for label in labels if label.person < 600
    ]


def is_misspelt(label: Label) -> bool:
    return abs(len(label.after) - len(label.before)) <= 1 and set(label.after) <= set(label.before)


def share_misspelt(labels: list[Label]) -> float:
    assert len(labels) > 150
    return sum(map(is_misspelt, labels)) / len(labels)
