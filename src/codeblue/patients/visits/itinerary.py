"""Everything that happens to persons in a span of time, as columns of events in no order."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np

from codeblue.patients.draws import LANE, Bools, Ints
from codeblue.patients.institutions import JourneyRates
from codeblue.patients.institutions.records import DUPLICATE, HOME, VISITED, is_duplicated
from codeblue.patients.people.persons import Known, Persons
from codeblue.patients.visits import DAY, MOST_LEAD, PERIOD, Visits
from codeblue.patients.visits.event_columns import TYPES, EventColumns, joined, of_type
from codeblue.patients.visits.journeys import MOST_RESULT, Journeys

if TYPE_CHECKING:
    from codeblue.patients.population import Population

_YEAR = 365 * DAY
_EVER = -(2**62)
_NOTHING = of_type(TYPES[0], *(np.empty(0, dtype=np.int64) for _ in range(5)))


class Itinerary:
    """Makes the events of a population out of its calendar."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._institutions = population.institutions
        self._draws = population.draws
        self._calendar = population.calendar
        self._rates = {
            name: np.array([getattr(each.profile.journeys, name) for each in self._institutions])
            for name in JourneyRates.model_fields
        }

    def past(self, persons: Persons, types: Collection[str] = TYPES) -> EventColumns:
        """What came of the past visits of ``persons`` until the end of the reference date."""
        span = range(_EVER, self._calendar.today)
        everyone = np.arange(len(persons))
        parts = [self._mistakes(persons, span)] if "ADT^A31" in types else [_NOTHING]
        for number in range(self._calendar.past):
            if "ADT^A31" in types:
                parts.append(self._updates(persons, number, span))
            visits = self._population.visit(persons, number)
            parts += self._journeys(persons, everyone, visits, span, types)
        return joined(parts)

    def between(self, known: Known, begin: int, end: int) -> EventColumns:
        """What happens to ``known`` from ``begin`` until before ``end``, seconds of Unix time."""
        span, parts = range(begin, end), [_NOTHING]
        if begin < self._calendar.today:
            parts.append(self._mistakes(known, span))
        if end > self._calendar.today:
            parts.append(self._merges(known, span))
        for number in self._numbers(span):
            parts.append(self._updates(known, number, span))
            rows = self._concerned(known, number, span)
            visits = self._calendar.visit(known, number, rows)
            parts += self._journeys(known, rows, visits, span, TYPES)
        return joined(parts)

    def _numbers(self, span: range) -> range:
        """The visits that can have events then."""
        today, past = self._calendar.today, self._calendar.past
        last = past + (span.stop - 1 + MOST_LEAD - today) // PERIOD
        if span.start < today + MOST_RESULT:  # past visits of the youngest are later than others'
            return range(last + 1)
        return range(past + (span.start - MOST_RESULT - today) // PERIOD, last + 1)

    def _concerned(self, known: Known, number: int, span: range) -> Ints:
        """The rows of those whose visit ``number`` can have events then."""
        times = self._calendar.times(known, number)
        booked_at, begins, ends = (column.view(np.int64) for column in times)
        visiting = (begins < span.stop) & (ends + MOST_RESULT >= span.start)
        return np.flatnonzero(visiting | _within(booked_at, span))

    def _mistakes(self, known: Known, span: range) -> EventColumns:
        """Duplicates are made, and told of, in the last part of life with a past visit."""
        low, high = self._calendar.period(known.birth_date, self._calendar.past - 1)
        share = self._draws.uniform("duplicate:at", known.start, len(known))
        at = low + (share * (high - low)).astype(np.int64)
        who = self._duplicated(known) & _within(at, span)
        return _at_home("ADT^A31", known, who, at, DUPLICATE)

    def _merges(self, known: Known, span: range) -> EventColumns:
        """Duplicates are found some time after the reference date."""
        days = self._draws.uniform("merge", known.start, len(known))
        days *= self._rates["merge_days"][known.home]
        at = self._calendar.today + (days * DAY).astype(np.int64)
        return _at_home("ADT^A40", known, self._duplicated(known) & _within(at, span), at)

    def _duplicated(self, known: Known) -> Bools:
        """Who has a second record at home."""
        twice = np.zeros(len(known), dtype=np.bool_)
        for number, institution in enumerate(self._institutions):
            made = is_duplicated(known, institution, self._draws, self._population.mess)
            twice |= (known.home == number) & made
        return twice

    def _updates(self, known: Known, number: int, span: range) -> EventColumns:
        """New addresses in the part of life that has visit ``number``."""
        low, high = self._calendar.period(known.birth_date, number)
        drawn = self._draws.uniform(f"update:{number}", known.start, len(known))
        rate = self._rates["moved"][known.home] * (high - low) / _YEAR
        moved = drawn < rate
        # Given that it is below the rate, drawn / rate is again evenly in [0, 1).
        share = np.divide(drawn, rate, out=np.zeros_like(drawn), where=moved)
        at = low + (share * (high - low)).astype(np.int64)
        return _at_home("ADT^A31", known, moved & _within(at, span), at)

    def _journeys(
        self, known: Known, rows: Ints, visits: Visits, span: range, types: Collection[str]
    ) -> Iterator[EventColumns]:
        """What comes of the visits of ``rows``, step by step."""
        home = known.home[rows]
        for step, (name, who, at, ward) in enumerate(self._draw(known, rows, visits).steps()):
            if name in types:
                some = np.flatnonzero(who & _within(at, span))
                institution = visits.institution[some]
                yield of_type(
                    name,
                    at[some],
                    institution,
                    known.start + rows[some],
                    np.where(institution == home[some], HOME, VISITED),
                    ward[some],
                    visit=visits.number,
                    step=step,
                )

    def _draw(self, known: Known, rows: Ints, visits: Visits) -> Journeys:
        lanes = [
            self._draws.lanes(f"journey:{visits.number}:{half}", known.start, len(known))
            for half in range(2)
        ]
        return Journeys(
            visits=visits,
            booked=self._calendar.is_booked(visits),
            rates={name: rate[visits.institution] for name, rate in self._rates.items()},
            chances=np.concatenate(lanes)[:, rows] / LANE,
        )


def _within(at: Ints, span: range) -> Bools:
    return (at >= span.start) & (at < span.stop)


def _at_home(name: str, known: Known, who: Bools, at: Ints, copy: int = HOME) -> EventColumns:
    """Events of no visit, about a record that the home institution keeps."""
    rows = np.flatnonzero(who)
    copies = np.full(len(rows), copy)
    return of_type(name, at[rows], known.home[rows], known.start + rows, copies, step=copy)
