"""The events of a population in time order, however many persons it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from codeblue.patients.visits import PERIOD
from codeblue.patients.visits.event_columns import TYPES, EventColumns, joined
from codeblue.patients.visits.itinerary import Itinerary

if TYPE_CHECKING:
    from codeblue.patients.population import Population

CHUNK = 4096

_AT_ONCE = 1 << 21  # events that are sorted at once: with their order about 250 MB
_PER_VISIT = 7  # events


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a person at an institution.

    ``after`` is seconds from the begin of the stream, ``type`` one of ``TYPES``, ``institution``
    and ``person`` are indices of the population, ``copy`` is the record that it is about.
    ``visit`` is -1 for what belongs to no visit, and ``ward`` is empty where there is none.
    """

    at: datetime
    after: int
    type: str
    institution: int
    person: int
    copy: int
    visit: int
    ward: str


def events(population: Population, begin: datetime, end: datetime) -> Iterator[Event]:
    """What happens from ``begin`` until before ``end``; times without a zone are UTC.

    It takes the same memory for any population and span. Events of one second stand by person,
    visit and the order within it; cutting the span in two cuts the stream in two.
    """
    wards = [[ward.name for ward in each.profile.wards] for each in population.institutions]
    first = _unix(begin)
    for columns in event_columns(population, begin, end):
        for start in range(0, len(columns), CHUNK):
            part = columns[start : start + CHUNK].all()
            for row in zip(*(column.tolist() for column in part), strict=True):
                yield _event(row, first, wards)


def event_columns(
    population: Population, begin: datetime, end: datetime, *, chunk: int = CHUNK
) -> Iterator[EventColumns]:
    """The events of ``events`` as columns, span after span, each in order.

    The whole population is looked through once for each span, ``chunk`` persons at a time.
    """
    itinerary = Itinerary(population)
    span = max(1, _AT_ONCE * PERIOD // (_PER_VISIT * population.size))
    first, last = _unix(begin), _unix(end)
    for low in range(first, last, span):
        high = min(low + span, last)
        starts = range(0, population.size, chunk)
        known = (population.known(at, min(at + chunk, population.size)) for at in starts)
        yield joined([itinerary.between(some, low, high) for some in known]).in_order()


def _event(row: tuple[int, ...], first: int, wards: list[list[str]]) -> Event:
    at, type_, institution, person, copy, visit, _, ward = row
    return Event(
        at=datetime.fromtimestamp(at, UTC),
        after=at - first,
        type=TYPES[type_],
        institution=institution,
        person=person,
        copy=copy,
        visit=visit,
        ward=wards[institution][ward] if ward >= 0 else "",
    )


def _unix(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp())
