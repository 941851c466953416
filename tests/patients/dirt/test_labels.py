from __future__ import annotations

import numpy as np

from codeblue.patients.dirt import Label, Labels
from codeblue.patients.rows import Rows, Value


def rows(resource: str, name: str) -> Rows:
    fields: dict[str, Value] = {name: np.array([b"a", b"b", b"c"])}
    return Rows(resource, 1, np.array([7, 8, 9]), np.array([0, 0, 2]), fields, "x")


def test_labels_are_of_the_rows_they_were_found_in() -> None:
    labels = Labels()
    labels.add(rows("Patient", "id"), [(2, "family", "name-typo", "Núñez", "Núñze")])
    labels.add(rows("ADT^A01", "control_id"), [(0, "sex", "sex-code", "F", "2")])
    labels.add(rows("Patient", "id"), [])
    assert labels.rows == [
        Label(9, 2, 1, "Patient", "x", "c", "family", "name-typo", "Núñez", "Núñze"),
        Label(7, 0, 1, "ADT^A01", "x", "a", "sex", "sex-code", "F", "2"),
    ]
    assert len(labels) == 2
    assert labels.counts() == {"name-typo": 1, "sex-code": 1}
    assert [Label(**row) for row in labels.table().to_pylist()] == labels.rows


def test_an_empty_table_has_the_same_columns() -> None:
    labels = Labels()
    labels.add(rows("Patient", "id"), [(0, "family", "name-typo", "a", "b")])
    assert Labels().table().schema == labels.table().schema


def test_labels_are_joined_in_order() -> None:
    parts = [Labels(), Labels(), Labels()]
    for number in (0, 2):
        parts[number].add(rows("Patient", "id"), [(number, "family", "name-typo", "a", "b")])
    assert [label.person for label in Labels.join(parts).rows] == [7, 9]
