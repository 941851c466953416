"""Whose it was: records that point to another person, or to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

import numpy as np

from codeblue.patients.dirt.kind import Record, Source, present
from codeblue.patients.draws import Ints
from codeblue.patients.institutions.records import HOME, record_ids, record_numbers
from codeblue.patients.rows import Rows, Text
from codeblue.patients.tables import Tables

_WINDOW = 4096  # persons among whom records are mixed up; their homes are drawn at once
_NUMBER = "record_number"


class WrongPatient:
    """It was filed under somebody else of the same institution."""

    name = "wrong-patient"
    title = "a record is about another person of the institution"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """The reference to the patient, or the record number in a message of results."""
        return _subject(rows)

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """The id or record number of another person who is at home there."""
        start = record.person - record.person % _WINDOW
        homes = _homes(record.population, start)
        others = np.flatnonzero(homes == record.rows.institution) + start
        others = others[others != record.person]
        if not len(others):
            return {}
        other = others[[choice % len(others)]]
        target = _numbers(record, other) if field == _NUMBER else _ids(record, other)
        return {field: _pointing(record[field], target.item(0).decode())}


class OrphanReference:
    """It points to a patient whom nobody has."""

    name = "orphan-reference"
    title = "a record is about a patient who does not exist"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """The reference to the patient, or the record number in a message of results."""
        return _subject(rows)

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """A random id, or the record number of somebody who would come after the last person."""
        if field == _NUMBER:
            size = record.population.size
            return {field: _numbers(record, np.array([size + choice % size])).item(0).decode()}
        nobody = UUID(int=choice << 64 | (choice * record.person) % 2**64, version=4)
        return {field: _pointing(record[field], str(nobody))}


def _subject(rows: Rows) -> tuple[str, ...]:
    if rows.resource.startswith("ORU"):
        return present(rows, _NUMBER)
    return present(rows, "patient")


def _pointing(reference: str, target: str) -> str:
    """``target`` behind the type of resource, if there was one."""
    kind, slash, _ = reference.rpartition("/")
    return f"{kind}{slash}{target}"


def _ids(record: Record, person: Ints) -> Text:
    return record_ids(person, np.full(len(person), HOME), record.population.seed)


def _numbers(record: Record, person: Ints) -> Text:
    number, copy = record.rows.institution, np.full(len(person), HOME)
    institution = record.population.institutions[number]
    return record_numbers(person, copy, number, institution, record.population.seed)


@lru_cache(maxsize=4)
def _homes(population: Source, start: int) -> Ints:
    return population.homes(start, min(start + _WINDOW, population.size))
