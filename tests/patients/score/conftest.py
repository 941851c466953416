"""A small messy population as it was sent, and as it should have been."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from codeblue.patients import load_population
from codeblue.patients.dirt import Label
from codeblue.patients.fhir import FhirRenderer
from codeblue.patients.rows import fhir_rows
from codeblue.patients.writing import Job, generate

Resource = dict[str, Any]
TYPES = ("Patient", "Observation", "Condition")
POPULATION = """
size = 320
seed = 20250603
reference_date = 2025-06-01
visits = 1
mess = 4.0
shared = 0.2

[[institutions]]
name = "Lakeside General Hospital"
profile = "hospital"
share = 0.6

[[institutions]]
name = "Riverside Clinic"
profile = "clinic"
share = 0.4
"""


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what was sent, with the truth in it."""
    folder = tmp_path_factory.mktemp("sent")
    file = folder / "messy.toml"
    file.write_text(POPULATION)
    job = Job(str(file), 320, 20250603, folder / "out", wanted=TYPES)
    assert sum(written.persons for written in generate(job)) == 320
    return job.out


@pytest.fixture(scope="session")
def dirty(sent: Path) -> list[Resource]:
    """All resources as they were sent."""
    files = sorted(sent.rglob("*.ndjson"))
    return [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]


@pytest.fixture(scope="session")
def clean(sent: Path) -> list[Resource]:
    """All resources as they should have been."""
    population = load_population(str(sent.parent / "messy.toml"))
    persons = population.persons(0, population.size)
    renderer = FhirRenderer()
    return [
        orjson.loads(line)
        for institution in range(len(population.institutions))
        for rows in fhir_rows.rows(population, persons, institution, TYPES)
        for line in bytes(renderer.render(rows)).splitlines()
    ]


@pytest.fixture(scope="session")
def labels(sent: Path) -> list[Label]:
    """What is wrong with what was sent."""
    from pyarrow import parquet

    return [
        Label(**row)
        for row in parquet.read_table(sent / "truth" / "labels.00000.parquet").to_pylist()
    ]


@pytest.fixture
def export(tmp_path: Path) -> Callable[[Iterable[Resource]], Path]:
    """Writes what a platform kept."""

    def write(resources: Iterable[Resource]) -> Path:
        file = tmp_path / "kept.ndjson"
        file.write_bytes(b"".join(orjson.dumps(resource) + b"\n" for resource in resources))
        return file

    return write
