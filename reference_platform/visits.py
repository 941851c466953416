"""A hospital visit as a fold over its ADT events (HL7 v2.5.1, chapter 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

TRIGGERS = ("A01", "A02", "A08", "A03")
"""Admit, transfer, update, discharge: also their order when they bear the same time."""

_TIME = re.compile(
    r"(?P<second>\d{14})(?:\.(?P<fraction>\d{1,4}))?(?:(?P<sign>[+-])(?P<zone>\d{4}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class VisitEvent:
    """What an ADT message says. `sender` and `control_id` name the message itself."""

    tenant: str
    sender: str
    control_id: str
    visit: str
    trigger: str
    occurred: str
    patient: str
    ward: str

    @property
    def position(self) -> tuple[str, int, str]:
        """Sorts a visit's events by when they happened, whenever they came."""
        return (self.occurred, TRIGGERS.index(self.trigger), self.control_id)


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a visit stands; one that was never admitted by A01 has no admissions."""

    patient: str = ""
    status: str = "admitted"
    ward: str = ""
    admissions: int = 0
    events: int = 0

    def after(self, event: VisitEvent) -> Visit:
        """The visit once `event` has happened to it."""
        return replace(
            self,
            patient=event.patient or self.patient,
            status="discharged" if event.trigger == "A03" else self._status_after(event),
            ward=event.ward or self.ward,
            admissions=self.admissions + (event.trigger == "A01"),
            events=self.events + 1,
        )

    def _status_after(self, event: VisitEvent) -> str:
        """An update corrects what is known; only an admission or a transfer reopens a visit."""
        return self.status if event.trigger == "A08" else "admitted"


def fold(events: Iterable[VisitEvent]) -> Visit:
    """The visit after all `events`, in the order in which they happened."""
    visit = Visit()
    for event in sorted(events, key=lambda event: event.position):
        visit = visit.after(event)
    return visit


def event_time(text: str, offset: timedelta = timedelta()) -> str:
    """An HL7 time stamp (`YYYYMMDDHHMMSS[.S[S[S[S]]]][+/-ZZZZ]`) as sortable UTC text.

    `offset` from UTC holds for a time stamp that names none. Raises ValueError when it is not one,
    OverflowError when its UTC is in no year.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a time to the second, YYYYMMDDHHMMSS")
    moment = datetime.strptime(match["second"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    moment -= _offset(match["sign"], match["zone"]) if match["zone"] else offset
    return f"{moment:%Y%m%d%H%M%S}.{(match['fraction'] or '').ljust(4, '0')}"


def _offset(sign: str, zone: str) -> timedelta:
    offset = timedelta(hours=int(zone[:2]), minutes=int(zone[2:]))
    return -offset if sign == "-" else offset
