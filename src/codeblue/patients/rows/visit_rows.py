"""Rows of visits: Encounters of those who came, Appointments of those who had one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from codeblue.patients.draws import Bools, Dates
from codeblue.patients.institutions import WORKFLOWS
from codeblue.patients.rows import Rows, Text, Value
from codeblue.patients.rows.charts import Charts, rows_about
from codeblue.patients.rows.problems import SNOMED
from codeblue.patients.templates.text import join, timestamps, words
from codeblue.patients.visits import Visits

_APPOINTMENT_STATUS = words(("noshow", "fulfilled"))


def encounters(charts: Charts) -> Iterator[Rows]:
    """One block of rows for each workflow of each visit."""
    for visit, visits, workflow, here in _by_workflow(charts):
        records = charts.of(here & visits.kept)
        kind = charts.workflows[workflow]
        begins, ends = visits.begins[records.row], visits.ends[records.row]
        fields: dict[str, Value] = {
            "id": join(records.id, f"-v{visit}".encode()),
            "patient": records.id,
            "status": b"finished",
            "class": kind.act_code.encode(),
            "class_display": kind.act_display.encode(),
            "system": SNOMED,
            "code": kind.snomed.encode(),
            "display": kind.display.encode(),
            "start": _text(charts, begins),
            "end": _text(charts, ends),
        }
        typed = {"start": begins, "end": ends}
        yield rows_about(records, "Encounter", fields, f"{kind.name}:{visit}", typed)


def appointments(charts: Charts) -> Iterator[Rows]:
    """One block of rows for each workflow of each visit that institutions take bookings for."""
    for visit, visits, workflow, here in _by_workflow(charts):
        habit = charts.profile.workflows.get(WORKFLOWS[workflow])
        if habit is None or not habit.booked:
            continue
        records = charts.of(here)
        kind = charts.workflows[workflow]
        times = {
            "created": visits.booked_at[records.row],
            "start": visits.begins[records.row],
            "end": visits.ends[records.row],
        }
        fields: dict[str, Value] = {
            "id": join(records.id, f"-b{visit}".encode()),
            "patient": records.id,
            "status": _APPOINTMENT_STATUS[visits.kept[records.row].view(np.uint8)],
            "system": SNOMED,
            "code": kind.snomed.encode(),
            "display": kind.display.encode(),
            **{name: _text(charts, time) for name, time in times.items()},
        }
        yield rows_about(records, "Appointment", fields, f"{kind.name}:{visit}", times)


def _by_workflow(charts: Charts) -> Iterator[tuple[int, Visits, int, Bools]]:
    """Visit, workflow, and which persons had this visit here in this workflow."""
    for visit in charts.numbers:
        visits = charts.visits(visit)
        here = visits.institution == charts.number
        for workflow in range(len(WORKFLOWS)):
            visitors = here & (visits.workflow == workflow)
            if visitors.any():
                yield visit, visits, workflow, visitors


def _text(charts: Charts, times: Dates) -> Text:
    return timestamps(times, charts.profile.utc_offset_minutes)
