"""Rows of FHIR Observations: what was measured at the visits to an institution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from codeblue.patients.draws import Dates
from codeblue.patients.institutions.records import Records
from codeblue.patients.rows import Rows, Text, Value
from codeblue.patients.rows.charts import Charts, rows_about
from codeblue.patients.rows.readings import Reading, coded, readings
from codeblue.patients.templates.text import join, timestamps

SYSTOLIC, DIASTOLIC = "systolic-blood-pressure", "diastolic-blood-pressure"
BLOOD_PRESSURE = "blood-pressure"
PANEL = ("85354-9",)
_PANEL_NAME = "Blood pressure panel with all children optional"

_Fields = dict[str, Value]
_Typed = dict[str, NDArray[Any]]


def observations(charts: Charts) -> Iterator[Rows]:
    """One block of rows for each measurement of each visit; both blood pressures are one."""
    for visit, shared, found in _visits(charts):
        for number, name in enumerate(name for name in found if name != DIASTOLIC):
            if name == SYSTOLIC:
                part, (fields, typed) = BLOOD_PRESSURE, _pressure(charts, found)
            else:
                part, (fields, typed) = name, _measurement(found[name])
            yield _block(shared, f"{part}:{visit}", f"-{visit}-{number}", fields, typed)


def single_observations(charts: Charts) -> Iterator[Rows]:
    """The same with one value in each row: the blood pressures are two."""
    for visit, shared, found in _visits(charts):
        for number, reading in enumerate(found.values()):
            fields, typed = _measurement(reading)
            yield _block(shared, f"{reading.name}:{visit}", f"-{visit}-{number}", fields, typed)


@dataclass(frozen=True)
class _Taken:
    """What all observations of a visit have in common."""

    records: Records
    effective: Dates
    effective_text: Text


def _visits(charts: Charts) -> Iterator[tuple[int, _Taken, dict[str, Reading]]]:
    for visit in charts.numbers:
        records = charts.visitors(visit)
        if not records.row.size:
            continue
        effective = charts.population.measurements(charts.persons, visit).taken_at[records.row]
        text = timestamps(effective, charts.profile.utc_offset_minutes)
        found = {reading.name: reading for reading in readings(charts, visit, records.row)}
        yield visit, _Taken(records, effective, text), found


def _block(taken: _Taken, part: str, number: str, fields: _Fields, typed: _Typed) -> Rows:
    records = taken.records
    shared: _Fields = {
        "id": join(records.id, number.encode()),
        "patient": records.id,
        "status": b"final",
        "effective": taken.effective_text,
    }
    typed["effective"] = taken.effective
    return rows_about(records, "Observation", shared | fields, part, typed)


def _measurement(reading: Reading) -> tuple[_Fields, _Typed]:
    called = reading.coded
    fields: _Fields = {
        "category": reading.category,
        "system": called.system,
        "code": called.code,
        "display": called.display,
        "second_system": called.system if called.second_code else b"",
        "second_code": called.second_code,
        "value": reading.text,
        "unit": reading.unit,
        "ucum": reading.ucum,
    }
    return fields, {"value": reading.values}


def _pressure(charts: Charts, found: Mapping[str, Reading]) -> tuple[_Fields, _Typed]:
    panel = coded(charts.profile.codes, BLOOD_PRESSURE, PANEL, _PANEL_NAME)
    fields: _Fields = {
        "category": found[SYSTOLIC].category,
        "system": panel.system,
        "code": panel.code,
        "display": panel.display,
    }
    typed: _Typed = {}
    for part, name in (("systolic", SYSTOLIC), ("diastolic", DIASTOLIC)):
        reading = found[name]
        typed[part] = reading.values
        fields |= {
            part: reading.text,
            f"{part}_system": reading.coded.system,
            f"{part}_code": reading.coded.code,
            f"{part}_display": reading.coded.display,
            f"{part}_unit": reading.unit,
            f"{part}_ucum": reading.ucum,
        }
    return fields, typed
