"""Visits of persons to institutions: booked, kept or missed, and where they led."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from codeblue.patients.draws import LANE, Bools, Dates, Draws, Floats, Ints, Lanes
from codeblue.patients.institutions import WORKFLOWS, Institution
from codeblue.patients.institutions.habits import Habits, Surge
from codeblue.patients.people.persons import Known

HOUR, DAY, WEEK = 3600, 86_400, 604_800
PERIOD = 26 * WEEK
"""Seconds in which an adult has one visit, kept or not."""

LONG_LEAD = 28 * DAY
MOST_LEAD = 120 * DAY
MOST_LENGTH = 60 * DAY

_LEAST = 2 * HOUR  # what is left of a period when the last visit in it begins
_ELSEWHERE = LANE // 4  # a quarter of the visits of a person whom two institutions know
_MONDAY = 4 * DAY  # the first one of the Unix epoch

__all__ = ["WORKFLOWS", "Calendar", "Surge", "Visits"]


@dataclass(frozen=True)
class Visits:
    """Visit ``number`` (from 0) of some persons: one entry per person in every array.

    Times are seconds, UTC. ``workflow`` is an index of ``WORKFLOWS``; ``ward`` and ``transfer``
    are indices of the institution's wards, ``transfer`` is -1 for who stays where they came to.
    """

    number: int
    institution: Ints
    workflow: Ints
    booked_at: Dates
    begins: Dates
    ends: Dates
    kept: Bools  # whether they came
    ward: Ints
    transfer: Ints


@dataclass(frozen=True)
class _Some:
    """The persons at ``rows`` and what is drawn for them."""

    persons: Known
    rows: Ints | slice
    draws: Draws

    def lanes(self, column: str) -> Lanes:
        return self.draws.lanes(column, self.persons.start, len(self.persons))[:, self.rows]

    def uniform(self, column: str) -> Floats:
        return self.draws.uniform(column, self.persons.start, len(self.persons))[self.rows]

    def normal(self, column: str) -> Floats:
        return self.draws.normal(column, self.persons.start, len(self.persons))[self.rows]


@dataclass(frozen=True)
class _Slot:
    """Where and when: ``ends`` of the part of each person's time that has this visit."""

    institution: Ints
    workflow: Ints
    begins: Ints
    limit: Ints


class Calendar:
    """When the persons of a population visit its institutions.

    The life of a person is cut into periods of 26 weeks with one visit in each, so visits never
    overlap. Visits 0 to ``past - 1`` end by the reference date; who is younger than those periods
    has as many visits in shorter ones. The later visits go on without end.
    """

    def __init__(
        self,
        institutions: Sequence[Institution],
        draws: Draws,
        reference_date: date,
        past: int,
        surges: Sequence[Surge] = (),
    ) -> None:
        self.past = past
        self.today = int(np.datetime64(reference_date, "s").astype(np.int64)) + DAY
        self._draws = draws
        self._habits = Habits(institutions, surges, self.today)

    def visit(self, persons: Known, number: int, rows: Ints | slice = slice(None)) -> Visits:
        """Visit ``number`` of the persons at ``rows``, by default of all of them."""
        some = _Some(persons, rows, self._draws)
        slot = self._slot(some, number)
        kept = self._kept(some, number)
        _, _, ward, transfer = some.lanes(f"visit:{number}")
        ward, transfer = self._habits.wards(slot.institution, slot.workflow, ward, transfer)
        return Visits(
            number=number,
            institution=slot.institution,
            workflow=slot.workflow,
            booked_at=_times(self._booked_at(some, slot, number)),
            begins=_times(slot.begins),
            ends=_times(self._ends(some, slot, number)),
            kept=kept,
            ward=ward,
            transfer=np.where(kept, transfer, -1),
        )

    def begins(self, persons: Known, number: int) -> Dates:
        """When visit ``number`` begins; much cheaper than the whole visit."""
        return _times(self._slot(_Some(persons, slice(None), self._draws), number).begins)

    def times(self, persons: Known, number: int) -> tuple[Dates, Dates, Dates]:
        """When visit ``number`` is booked, begins and ends; cheaper than the whole visit."""
        some = _Some(persons, slice(None), self._draws)
        slot = self._slot(some, number)
        booked_at, ends = self._booked_at(some, slot, number), self._ends(some, slot, number)
        return _times(booked_at), _times(slot.begins), _times(ends)

    def is_booked(self, visits: Visits) -> Bools:
        """Which of them are appointments."""
        return self._habits.is_booked(visits.institution, visits.workflow)

    def period(self, born: Dates, number: int) -> tuple[Ints, Ints]:
        """When the part of life with visit ``number`` begins and ends, in seconds of Unix time."""
        if number >= self.past:
            low = np.full(len(born), self.today + (number - self.past) * PERIOD)
            return low, low + PERIOD
        first = np.maximum(_seconds(born), self.today - self.past * PERIOD)
        length = self.today - first
        return first + number * length // self.past, first + (number + 1) * length // self.past

    def _place(self, some: _Some, number: int) -> tuple[Ints, Ints]:
        """The institution and the workflow."""
        away, workflow, _, _ = some.lanes(f"visit:{number}")
        visited, home = some.persons.visited[some.rows], some.persons.home[some.rows]
        institution = np.where((visited >= 0) & (away < _ELSEWHERE), visited, home)
        return institution, self._habits.workflow(institution, workflow)

    def _slot(self, some: _Some, number: int) -> _Slot:
        institution, workflow = self._place(some, number)
        low, high = self.period(some.persons.birth_date[some.rows], number)
        at = self._habits.spread(workflow, low, high, some.uniform(f"visit:{number}:week"))
        moment = self._habits.moment(institution, workflow, some.uniform(f"visit:{number}:hour"))
        begins = at - (at - low) % WEEK + (moment + _MONDAY - low) % WEEK
        return _Slot(institution, workflow, _within(begins, low, high), high)

    def _ends(self, some: _Some, slot: _Slot, number: int) -> Ints:
        drawn = some.normal(f"visit:{number}:length")
        length = self._habits.length(slot.institution, slot.workflow, drawn)
        return np.asarray(np.minimum(slot.begins + np.minimum(length, MOST_LENGTH), slot.limit))

    def _booked_at(self, some: _Some, slot: _Slot, number: int) -> Ints:
        lead = self._lead(some, slot.institution, slot.workflow, number)
        born = _seconds(some.persons.birth_date[some.rows])
        return np.asarray(np.maximum(slot.begins - lead, born))

    def _lead(self, some: _Some, institution: Ints, workflow: Ints, number: int) -> Ints:
        """Seconds from booking to beginning; 0 for who comes unbooked."""
        drawn = some.uniform(f"visit:{number}:lead")
        return np.asarray(np.minimum(self._habits.lead(institution, workflow, drawn), MOST_LEAD))

    def _kept(self, some: _Some, number: int) -> Bools:
        """Whether they came: not coming is more likely after not coming to the visit before."""
        institution, _ = self._place(some, 0)
        missed = some.uniform("visit:before:missed") < self._habits.missed[institution]
        for earlier in range(number + 1):
            institution, workflow = self._place(some, earlier)
            long_lead = self._lead(some, institution, workflow, earlier) > LONG_LEAD
            chance = self._habits.no_show(institution, workflow, long_lead, missed)
            missed = some.uniform(f"visit:{earlier}:missed") < chance
        return np.asarray(~missed)


def _within(begins: Ints, low: Ints, high: Ints) -> Ints:
    """``begins``, moved into periods that are not whole weeks: the first ones of the youngest."""
    begins = np.where((begins >= high) & (begins - WEEK >= low), begins - WEEK, begins)
    return np.asarray(np.minimum(begins, high - np.minimum(_LEAST, (high - low) // 2)))


def _seconds(times: Dates) -> Ints:
    return times.astype("datetime64[s]").view(np.int64)


def _times(seconds: Ints) -> Dates:
    return seconds.view("datetime64[s]")
