"""Writes rows as HL7 v2, and gives single ADT messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from codeblue.patients.institutions.records import HOME
from codeblue.patients.rows import Rows, Value
from codeblue.patients.rows.charts import Charts
from codeblue.patients.rows.hl7_rows import CHARACTER_SETS, event_rows
from codeblue.patients.templates import Template, compile_hl7
from codeblue.patients.templates.layouts import Memory
from codeblue.patients.templates.sources import MESSAGE_BEGINS, MESSAGE_ENDS
from codeblue.patients.templates.text import latin_1
from codeblue.patients.visits.event_columns import EventColumns, of_type
from codeblue.workspace import find

if TYPE_CHECKING:
    from codeblue.patients.population import Population

AdtEvent = Literal["A01", "A02", "A03", "A04", "A05", "A08", "A11", "A12", "A13", "A31", "A40"]

_TEMPLATES = Path("synthetic_data") / "templates" / "hl7v2"
_BETWEEN_VISITS = ("A31", "A40")
_AT_THE_END = ("A03", "A13")


class Hl7Renderer:
    """Writes rows as messages in MLLP frames, by the templates of a workspace."""

    def __init__(self, workspace: Path | None = None) -> None:
        self._workspace = workspace
        self._templates: dict[str, Template] = {}
        self._memory = Memory()

    def render(self, rows: Rows) -> memoryview | bytearray:
        """The messages, in the character set that the rows name for MSH-18.

        Raises:
            UsageError: the template is missing or wrong.
        """
        template = self._template(rows)
        if rows.fields["character_set"] != CHARACTER_SETS["ISO-8859-1"]:
            return template.render(rows)
        fields = {name: latin_1(value) for name, value in rows.fields.items()}
        return template.render(replace(rows, fields=fields))

    def used(self, rows: Rows) -> Rows:
        """The rows with those fields only that the template has a place for.

        What is spoiled before rendering is then sure to be seen.
        """
        return rows.only({*self._template(rows).fields, "character_set"})

    def _template(self, rows: Rows) -> Template:
        if rows.resource not in self._templates:
            self._templates[rows.resource] = self._compile(rows)
        return self._templates[rows.resource]

    def _compile(self, rows: Rows) -> Template:
        path = find(_TEMPLATES / f"{rows.resource.replace('^', '_').lower()}.hl7", self._workspace)
        single = [name for name in rows.fields if "/" not in name]
        repeated = [name.split("/") for name in rows.fields if "/" in name]
        of_each = dict.fromkeys(field for _, field in repeated)
        names = dict.fromkeys(name for name, _ in repeated)
        return compile_hl7(path, single, of_each, tuple(names), self._memory)


def messages(framed: bytes | bytearray | memoryview) -> list[bytes]:
    """The messages of what a renderer wrote, without their frames."""
    inside = bytes(framed)[len(MESSAGE_BEGINS) : -len(MESSAGE_ENDS)]
    return inside.split(MESSAGE_ENDS + MESSAGE_BEGINS) if inside else []


def frame(messages: Iterable[bytes]) -> bytes:
    """The messages in MLLP frames, as a renderer writes them."""
    inside = (MESSAGE_ENDS + MESSAGE_BEGINS).join(messages)
    return MESSAGE_BEGINS + inside + MESSAGE_ENDS if inside else b""


def adt(
    population: Population,
    event: AdtEvent,
    index: int,
    *,
    facility: str,
    visit: str | None = None,
    ward: str | None = None,
    at: datetime | None = None,
    control_id: str | None = None,
) -> str:
    """One ADT message about one patient, by the habits of the institution where they are at home.

    ``facility`` is MSH-4 and the authority that assigned the record number, ``visit`` is PV1-19,
    ``ward`` is PV1-3, and ``control_id`` is MSH-10; what is left out is that of the patient's last
    visit. MSH-18 names UTF-8, because text has no other encoding.
    """
    persons = population.persons(index, index + 1)
    charts = Charts(population, persons, int(persons.home[0]))
    rows = next(event_rows(charts, _event(charts, event, at), f"ADT^{event}"))
    given = {"facility": facility, "visit": visit, "ward": ward, "control_id": control_id}
    fields: dict[str, Value] = {
        name: value.encode() for name, value in given.items() if value is not None
    }
    rows.fields |= {**fields, "character_set": CHARACTER_SETS["UTF-8"]}
    return messages(_renderer(population.workspace).render(rows))[0].decode()


def _event(charts: Charts, event: AdtEvent, at: datetime | None) -> EventColumns:
    number = charts.population.visits - 1
    visits = charts.visits(number)
    here = visits.institution == charts.number
    time = visits.ends if event in _AT_THE_END else visits.begins
    if at is not None:
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        time = np.array([int(aware.timestamp())], dtype="datetime64[s]")
    return of_type(
        f"ADT^{event}",
        time.view(np.int64),
        np.array([charts.number]),
        np.array([charts.persons.start]),
        np.array([HOME]),
        np.where(here, visits.ward, 0),
        visit=-1 if event in _BETWEEN_VISITS else number,
    )


@cache
def _renderer(workspace: Path | None) -> Hl7Renderer:
    return Hl7Renderer(workspace)
