"""Resources in pairs: as they are true, and as one kind of dirt has left them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from codeblue.patients.dirt import inject
from codeblue.patients.fhir import FhirRenderer, Resource
from codeblue.patients.rows import Rows, fhir_rows

if TYPE_CHECKING:
    from codeblue.patients.population import Population

_CHUNK = 256


@dataclass(frozen=True)
class Spoilt:
    """One resource twice; ``place`` says ``after`` in the dirty one, where ``before`` is true."""

    kind: str
    clean: Resource
    dirty: Resource
    place: str
    before: str
    after: str


def spoilt(population: Population, resource: str, kind: str, part: str = "") -> Iterator[Spoilt]:
    """Every resource of a type that ``kind`` can spoil in one place, in the population's order.

    ``part`` is the measurement of Observations, such as ``heart-rate``. The dirt does not depend
    on the fault rates of institutions.
    """
    for start in range(0, population.size, _CHUNK):
        persons = population.persons(start, min(start + _CHUNK, population.size))
        for institution in range(len(population.institutions)):
            for rows in fhir_rows.rows(population, persons, institution, (resource,)):
                if rows.part.startswith(part):
                    yield from _pairs(rows, kind, population)


def _pairs(rows: Rows, kind: str, population: Population) -> Iterator[Spoilt]:
    renderer = FhirRenderer(population.workspace)
    clean = bytes(renderer.render(rows)).splitlines()
    labels = inject(rows, {kind: 1.0}, 1.0, population).rows
    touched = Counter(label.record for label in labels)  # second records have drifted besides
    found = {label.record: label for label in labels if touched[label.record] == 1}
    for true, false in zip(clean, bytes(renderer.render(rows)).splitlines(), strict=True):
        resource = orjson.loads(true)
        if label := found.get(resource["id"]):
            spoiled = orjson.loads(false)
            yield Spoilt(kind, resource, spoiled, label.place, label.before, label.after)
