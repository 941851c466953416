"""Rows of HL7 v2 messages: what an institution tells when something happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

import numpy as np

from codeblue.patients.draws import Dates, Ints
from codeblue.patients.institutions.records import DUPLICATE, HOME, record_numbers
from codeblue.patients.people.persons import Persons
from codeblue.patients.rows import Rows, Text, Value
from codeblue.patients.rows.charts import Charts
from codeblue.patients.rows.demographics import demographics, names
from codeblue.patients.rows.readings import readings
from codeblue.patients.templates.text import (
    compact_dates,
    compact_timestamps,
    join,
    words,
    zero_padded,
)
from codeblue.patients.visits.event_columns import TYPES, EventColumns
from codeblue.patients.visits.itinerary import Itinerary

if TYPE_CHECKING:
    from codeblue.patients.population import Population

MESSAGES = tuple(name for name in TYPES if "^" in name)
"""The message types, in the order of a visit."""

# MSH-18, HL7 table 0211.
CHARACTER_SETS = {"UTF-8": b"UNICODE UTF-8", "ISO-8859-1": b"8859/1"}

_MERGE, _RESULTS, _DISCHARGE = "ADT^A40", "ORU^R01", "ADT^A03"
_MOVES = ("ADT^A02", "ADT^A12")
_SEXES = words(("M", "F"))


def rows(
    population: Population, persons: Persons, institution: int, messages: Sequence[str] = ()
) -> Iterator[Rows]:
    """What the population's institution number ``institution`` has told about ``persons``.

    ``messages`` are some of ``MESSAGES``; by default all. They tell of what happened until the
    reference date. Only blocks that hold rows are given.
    """
    wanted = messages or MESSAGES
    events = Itinerary(population).past(persons, wanted)
    # One person after the other, so that where a chunk ends does not change the order.
    events = events[np.argsort(events.person, kind="stable")]
    charts = Charts(population, persons, institution)
    for name in wanted:
        yield from event_rows(charts, events, name)


def event_rows(charts: Charts, events: EventColumns, name: str) -> Iterator[Rows]:
    """The messages of type ``name`` about events at this institution: one block for each visit.

    The events are of persons of the charts; within a block, the rows keep their order.
    """
    told = events[(events.type == TYPES.index(name)) & (events.institution == charts.number)]
    for visit in sorted(set(told.visit.tolist())):
        yield _block(charts, name, visit, told[told.visit == visit])


def _block(charts: Charts, name: str, visit: int, events: EventColumns) -> Rows:
    # A merge is told under the number that stays.
    copy = np.full(len(events), HOME) if name == _MERGE else events.copy
    row = events.person - charts.persons.start
    fields = _header(charts, name, events) | _patient(charts, row, events.person, copy)
    if name == _RESULTS:
        fields |= names(charts, row) | _results(charts, visit, row)
    else:
        fields |= demographics(charts, row)
    if name == _MERGE:
        merged = np.full(len(events), DUPLICATE)
        fields["prior_record_number"] = _numbers(charts, events.person, merged)
    if visit >= 0:
        fields |= _visit(charts, visit, name, row, events)
    part = f"{visit}" if visit >= 0 else ""
    typed = {"at": events.at.view("datetime64[s]")}
    return Rows(name, charts.number, events.person, copy, fields, part, typed)


def _header(charts: Charts, name: str, events: EventColumns) -> dict[str, Value]:
    dialect = charts.profile.hl7
    at = _timestamps(charts, events.at.view("datetime64[s]"))
    return {
        "sending_application": dialect.sending_application.encode(),
        "facility": charts.institution.slug.encode(),
        "version": dialect.version.encode(),
        "character_set": CHARACTER_SETS[dialect.charset],
        "sent_at": at,
        "occurred_at": at,
        "control_id": _control_ids(name, events),
    }


def _control_ids(name: str, events: EventColumns) -> Text:
    """A letter for the type, person, second and copy: the 20 characters that MSH-10 holds.

    No record has two events of one type in one second.
    """
    letter = ascii_uppercase[MESSAGES.index(name)]
    person = zero_padded(events.person, 10, base=16)
    second, copy = zero_padded(events.at, 8, base=16), zero_padded(events.copy, 1)
    return join(letter.encode(), person, second, copy)


def _patient(charts: Charts, row: Ints, person: Ints, copy: Ints) -> dict[str, Value]:
    persons = charts.persons
    return {
        "record_number": _numbers(charts, person, copy),
        "birth_date": compact_dates(persons.birth_date[row]),
        "sex": _SEXES[persons.female[row].view(np.uint8)],
    }


def _numbers(charts: Charts, person: Ints, copy: Ints) -> Text:
    seed = charts.population.seed
    return record_numbers(person, copy, charts.number, charts.institution, seed)


def _visit(
    charts: Charts, visit: int, name: str, row: Ints, events: EventColumns
) -> dict[str, Value]:
    visits = charts.visits(visit)
    classes = words(workflow.patient_class for workflow in charts.workflows)
    wards = words((*(ward.name for ward in charts.profile.wards), ""))
    fields: dict[str, Value] = {
        "visit": join(b"V", zero_padded(events.person, 10), f"-{visit}".encode()),
        "patient_class": classes[visits.workflow[row]],
        "ward": wards[events.ward],
    }
    if name in _MOVES:
        prior = visits.ward if name == _MOVES[0] else visits.transfer
        here = visits.institution[row] == charts.number  # the wards of another one are not ours
        fields["prior_ward"] = wards[np.where(here, prior[row], events.ward)]
    if name != _RESULTS:
        fields["admitted_at"] = _timestamps(charts, visits.begins[row])
    if name == _DISCHARGE:
        fields["discharged_at"] = _timestamps(charts, visits.ends[row])
    return fields


def _results(charts: Charts, visit: int, row: Ints) -> dict[str, Value]:
    taken_at = charts.population.measurements(charts.persons, visit).taken_at
    fields: dict[str, Value] = {"observed_at": _timestamps(charts, taken_at[row])}
    for number, reading in enumerate(readings(charts, visit, row), 1):
        result: dict[str, Value] = {
            "set_id": f"{number}".encode(),
            "code": reading.coded.code,
            "display": reading.coded.display,
            "coding_system": reading.coded.hl7_system,
            "value": reading.text,
            "ucum": reading.ucum,
        }
        fields |= {f"{reading.name}/{field}": value for field, value in result.items()}
    return fields


def _timestamps(charts: Charts, times: Dates) -> Text:
    profile = charts.profile
    return compact_timestamps(times, profile.hl7.timestamp, profile.utc_offset_minutes)
