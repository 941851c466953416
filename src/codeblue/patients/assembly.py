"""Turns columns of persons into patients of plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from codeblue.patients.draws import Bools
from codeblue.patients.institutions.records import HOME
from codeblue.patients.people.measurements import Measurements
from codeblue.patients.people.persons import Persons
from codeblue.patients.person import Measured, Patient
from codeblue.patients.tables import Tables

if TYPE_CHECKING:
    from codeblue.patients.population import Population


def assemble(population: Population, persons: Persons) -> list[Patient]:
    """All ``persons`` as patients, measured at the last past visit that they came to."""
    last = _last_kept(population, persons)
    taken: dict[int | None, Measurements] = {
        visit: population.measurements(persons, visit) for visit in set(last) if visit is not None
    }
    record = _home_records(population, persons)
    return [
        _patient(population, persons, taken.get(last[row]), row, *record[row])
        for row in range(len(persons))
    ]


def _last_kept(population: Population, persons: Persons) -> list[int | None]:
    """The number of the last past visit that each person came to."""
    last: list[int | None] = [None] * len(persons)
    for number in range(population.visits):
        for row in np.flatnonzero(population.visit(persons, number).kept):
            last[row] = number
    return last


def _home_records(population: Population, persons: Persons) -> list[tuple[str, str]]:
    """Id and number of the record of each person at home."""
    found = [("", "")] * len(persons)
    for institution in set(persons.home.tolist()):
        records = population.records(persons, institution)
        for place in np.flatnonzero(records.copy == HOME):
            record = records.id[place].decode(), records.number[place].decode()
            found[records.row[place]] = record
    return found


def _patient(
    population: Population,
    persons: Persons,
    measurements: Measurements | None,
    row: int,
    uuid: str,
    number: str,
) -> Patient:
    pools, tables = population.pools, population.tables
    female = bool(persons.female[row])
    given = pools.female_given if female else pools.male_given
    place = persons.place[row]
    institution = population.institutions[persons.home[row]]
    allergy = int(persons.allergy[row])
    return Patient(
        index=persons.start + row,
        uuid=uuid,
        institution=institution.name,
        record_number=number,
        record_number_system=institution.record_number_system,
        family=pools.families[persons.family[row]].decode(),
        given=given[persons.given[row]].decode(),
        middle=given[persons.middle[row]].decode(),
        gender="female" if female else "male",
        birth_date=persons.birth_date[row].item(),
        age=int(persons.age[row]),
        race=tables.races[persons.race[row]].name,
        hispanic=bool(persons.hispanic[row]),
        street=f"{persons.house[row]} {pools.streets[persons.street[row]].decode()}",
        city=pools.cities[place].decode(),
        state=pools.states[place].decode(),
        postal_code=pools.postal_codes[place].decode(),
        # 555-0100 to 555-0199 is kept free for fiction in every area code.
        phone=f"+1-{persons.area_code[row]:03}-555-0{persons.line_number[row]:03}",
        conditions=_named(tables.condition_names, persons.conditions[row]),
        medications=_named(tables.medication_names, persons.medications[row]),
        allergy=tables.allergies[allergy].name if allergy >= 0 else None,
        measurements=_measured(tables, measurements, row) if measurements else (),
        measured_at=_utc(measurements.taken_at[row]) if measurements else None,
    )


def _utc(moment: np.datetime64) -> datetime:
    return datetime.fromtimestamp(int(moment.astype(np.int64)), UTC)


def _named(names: tuple[str, ...], has: Bools) -> tuple[str, ...]:
    return tuple(name for name, true in zip(names, has, strict=True) if true)


def _measured(tables: Tables, measurements: Measurements, row: int) -> tuple[Measured, ...]:
    return tuple(
        Measured(
            name=kind.name,
            loinc=kind.codes,
            display=kind.display,
            value=int(measurements.values[kind.name][row]) / 10**kind.decimals,
            unit=kind.unit,
            ucum=kind.ucum,
            decimals=kind.decimals,
        )
        for kind in tables.measurements
    )
