"""Writes rows as FHIR R4, and gives single patients as resources and transaction Bundles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import orjson

from codeblue.patients.institutions.records import HOME
from codeblue.patients.rows import Rows
from codeblue.patients.rows.fhir_rows import RESOURCES, rows
from codeblue.patients.templates import Template, compile_json
from codeblue.patients.templates.layouts import Memory
from codeblue.workspace import find

if TYPE_CHECKING:
    from codeblue.patients.population import Population

Resource = dict[str, Any]

_TEMPLATES = Path("synthetic_data") / "templates" / "fhir_r4"
_NUMBERS = ("value", "systolic", "diastolic")
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Appointments are left to the calendar of the platform: a transaction creates what is in a chart.
_CHART = tuple(name for name in RESOURCES if name != "Appointment")


class FhirRenderer:
    """Writes rows as NDJSON, by the templates of a workspace."""

    def __init__(self, workspace: Path | None = None) -> None:
        self._workspace = workspace
        self._templates: dict[str, Template] = {}
        self._memory = Memory()

    def render(self, rows: Rows) -> memoryview | bytearray:
        """One resource on each line; see ``Template.render`` for how long it is valid.

        Raises:
            UsageError: the template is missing or wrong.
        """
        return self._template(rows).render(rows)

    def used(self, rows: Rows) -> Rows:
        """The rows with those fields only that the template has a place for.

        What is spoiled before rendering is then sure to be seen.
        """
        return rows.only({*self._template(rows).fields, "category"})

    def _template(self, rows: Rows) -> Template:
        name = template_name(rows)
        if name not in self._templates:
            path = find(_TEMPLATES / f"{name}.json", self._workspace)
            self._templates[name] = compile_json(path, rows.fields, _NUMBERS, self._memory)
        return self._templates[name]


def template_name(rows: Rows) -> str:
    """The file that rows are written by, such as ``allergy_intolerance``.

    Of Observations there are three: ``observation_blood_pressure``, and those by category.
    """
    name = _WORD.sub("_", rows.resource).lower()
    if rows.resource != "Observation":
        return name
    category = rows.fields["category"]
    kind = "blood_pressure" if "systolic" in rows.fields else bytes(category).decode()
    return f"{name}_{kind.replace('-', '_')}"


def patient(population: Population, index: int) -> Resource:
    """The Patient resource, without an id: the server assigns it."""
    found = _charts(population, index, 1, ("Patient",))[0]
    return _without_id(found[0])


def observations(
    population: Population, index: int, reference: str | None = None
) -> list[Resource]:
    """What was measured of a patient at home; the subject is ``reference``, or its urn:uuid."""
    found, *measured = _charts(population, index, 1, ("Patient", "Observation"))[0]
    subject = reference or _urn(found["id"])
    return [_without_id(_about(resource, subject)) for resource in measured]


def bundle(population: Population, start: int, count: int = 1) -> Resource:
    """A transaction that creates each patient, followed by what stands in the chart at home."""
    charts = _charts(population, start, count, _CHART)
    entries = [entry for chart in charts for entry in _entries(chart)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _charts(
    population: Population, start: int, count: int, resources: Sequence[str]
) -> list[list[Resource]]:
    """The resources of each person's home institution, by person; the Patient is the first."""
    persons = population.persons(start, start + count)
    charts: list[list[Resource]] = [[] for _ in range(count)]
    renderer = _renderer(population.workspace)
    for institution in sorted(set(persons.home.tolist())):
        for block in rows(population, persons, institution, resources):
            lines = bytes(renderer.render(block)).splitlines()
            for line, person, copy in zip(lines, block.person, block.copy, strict=True):
                if copy == HOME:
                    charts[person - start].append(orjson.loads(line))
    return charts


@cache
def _renderer(workspace: Path | None) -> FhirRenderer:
    return FhirRenderer(workspace)


def _entries(chart: Sequence[Resource]) -> Iterator[Resource]:
    record = chart[0]["id"]
    for resource in chart:
        kind, name = resource["resourceType"], resource["id"]
        url = _urn(record if kind == "Patient" else str(uuid5(UUID(record), name)))
        created = _without_id(_about(resource, _urn(record)))
        request = {"method": "POST", "url": kind}
        yield {"fullUrl": url, "resource": created, "request": request}


def _about(resource: Resource, reference: str) -> Resource:
    """The resource with another reference to its patient."""
    subject = {"reference": reference}
    return {
        key: subject if key in ("subject", "patient") else value for key, value in resource.items()
    }


def _without_id(resource: Resource) -> Resource:
    return {key: value for key, value in resource.items() if key != "id"}


def _urn(uuid: str) -> str:
    return f"urn:uuid:{uuid}"
