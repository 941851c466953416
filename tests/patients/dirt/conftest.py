"""Rows made by hand, and a population for what dirt must ask of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from codeblue.patients import Population, load_population
from codeblue.patients.dirt import FieldKind, Record
from codeblue.patients.rows import Rows, Text, Value

Spoil = Callable[..., dict[str, str]]
MakePatients = Callable[[range], Rows]
WithTable = Callable[..., Population]

FAMILIES = ("Nguyen", "Müller", "O'Brien", "Núñez", "Li")


@pytest.fixture(scope="session")
def population() -> Population:
    return load_population("regional-network", size=6_000)


@pytest.fixture(scope="session")
def spoil(population: Population) -> Spoil:
    def change(
        kind: FieldKind,
        texts: Mapping[str, str],
        choice: int = 0,
        resource: str = "Patient",
        part: str = "",
        of: Population = population,
    ) -> dict[str, str]:
        """What the kind makes of one record of ``of``, beginning with its first field."""
        fields: dict[str, Value] = {name: text.encode() for name, text in texts.items()}
        rows = Rows(resource, 0, np.array([7]), np.array([0]), fields, part)
        found = kind.fields(rows, of.tables)
        return dict(kind.change(Record(rows, 0, of), found[0], choice)) if found else {}

    return change


@pytest.fixture
def with_table(tmp_path: Path) -> WithTable:
    def load(name: str, *lines: str) -> Population:
        """A population of a workspace that has one table of its own."""
        path = tmp_path / "synthetic_data" / "tables" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]), "utf-8")
        return load_population("pilot-clinic", tmp_path)

    return load


@pytest.fixture(scope="session")
def make_patients() -> MakePatients:
    """Patient rows of the persons in a range; every third person has a second record."""

    def make(persons: range) -> Rows:
        known = [(person, copy) for person in persons for copy in copies(person)]
        number = np.array([person for person, _ in known], dtype=np.int64)
        copy = np.array([copy for _, copy in known], dtype=np.int64)
        fields: dict[str, Value] = {
            "id": texts(f"{person}-{copy}" for person, copy in known),
            "record_number": texts(f"H{person:06}{copy}" for person, copy in known),
            "family": texts(FAMILIES[person % len(FAMILIES)] for person, _ in known),
            "given": texts(f"Given{person % 7}" for person, _ in known),
            "middle": texts(f"Middle{person % 11}" for person, _ in known),
            "gender": texts("female" if person % 2 else "male" for person, _ in known),
            "birth_date": texts(
                f"19{person % 90 + 10}-0{person % 9 + 1}-14" for person, _ in known
            ),
            "city": b"Springfield",
        }
        return Rows("Patient", 1, number, copy, fields)

    return make


def copies(person: int) -> tuple[int, ...]:
    return (0, 2) if person % 3 == 0 else (0,)


def texts(values: Iterable[str]) -> Text:
    return np.array([value.encode() for value in values], dtype=np.bytes_)
