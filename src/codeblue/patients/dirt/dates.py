"""When it was: dates and times in another order, slipped, or from a clock that is wrong.

Texts are FHIR dates and date-times (``2025-05-03T10:20:00Z``) or those of HL7 v2
(``20250503102000``); what follows the seconds, such as the time zone, stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from codeblue.patients.dirt.kind import Record, present
from codeblue.patients.rows import Rows
from codeblue.patients.tables import Tables

TIMES = (
    *("effective", "start", "end", "created", "onset", "authored"),
    *("occurred_at", "observed_at", "admitted_at", "discharged_at"),
)
_DIGITS = "0123456789"
_DAY, _SECOND = len("YYYY-MM-DD"), len("YYYY-MM-DDThh:mm:ss")
_COMPACT_DAY = len("YYYYMMDD")
_US_ZONES = (4, 5, 6, 7, 8)  # hours behind UTC, from Eastern daylight to Pacific standard time
_SLIPPED_YEARS = (-10, -1, 1, 10)
_LAST_SAFE_DAY = 28
_MONTHS = 12
_FUTURE_DAYS = 3650
_SKEW_MINUTES = 3 * 24 * 60


class MixedDateFormat:
    """A date in the order of another country's forms."""

    name = "mixed-date-format"
    title = "a date is written MM/DD/YYYY or DD.MM.YYYY"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """Birth dates and times."""
        return present(rows, "birth_date", *TIMES)

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """Month or day first."""
        text = record[field]
        right = _moment(text)
        if right is None:
            return {}
        iso = right.isoformat(" ")
        year, month, day = iso[:4], iso[5:7], iso[8:_DAY]
        date = f"{day}.{month}.{year}" if choice % 2 else f"{month}/{day}/{year}"
        return {field: date + iso[_DAY : _DAY + _clock(text)]}


class BirthDateSlip:
    """A birth date that is nearly right."""

    name = "birth-date-slip"
    title = "day and month of birth changed places, or the year is off by 1 or 10"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """The birth date."""
        return present(rows, "birth_date")

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """Another date that exists."""
        born = _moment(record[field])
        if born is None:
            return {}
        if born.day <= _MONTHS and born.day != born.month:
            swapped = born.replace(month=born.day, day=born.month)
            return {field: _written(record[field], swapped)}
        day = min(born.day, _LAST_SAFE_DAY)
        years = _SLIPPED_YEARS[choice % len(_SLIPPED_YEARS)]
        return {field: _written(record[field], born.replace(year=born.year + years, day=day))}


class FutureDate:
    """A date that is yet to come."""

    name = "future-date"
    title = "a birth date or time lies after the reference date"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """Birth dates and times."""
        return present(rows, "birth_date", *TIMES)

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """The same time of a day in the next ten years."""
        right = _moment(record[field])
        if right is None:
            return {}
        day = record.population.reference_date + timedelta(days=1 + choice % _FUTURE_DAYS)
        return {field: _written(record[field], datetime.combine(day, right.time()))}


class TimeZoneSlip:
    """Local time that was taken for UTC."""

    name = "time-zone-slip"
    title = "a time is local, but its zone says otherwise"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """Times."""
        return present(rows, *TIMES)

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """Some hours less."""
        hours = _US_ZONES[choice % len(_US_ZONES)]
        return {field: _moved(record[field], timedelta(hours=-hours))}


class ClockSkew:
    """The clock of a device went wrong."""

    name = "clock-skew"
    title = "a clock is fast or slow by minutes up to three days"

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:  # noqa: ARG002
        """Times."""
        return present(rows, *TIMES)

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """A little earlier or later."""
        size, late = divmod(choice, 2)
        minutes = 5 + size % _SKEW_MINUTES
        return {field: _moved(record[field], timedelta(minutes=minutes if late else -minutes))}


def _moment(text: str) -> datetime | None:
    body = text[: _length(text)]
    if body[4:5] != "-" and len(body) > _COMPACT_DAY:
        body = f"{body[:_COMPACT_DAY]}T{body[_COMPACT_DAY:]}"
    try:
        return datetime.fromisoformat(body)
    except ValueError:
        return None


def _length(text: str) -> int:
    """How much of a text is date and time, without fractions of seconds and zone."""
    if text[4:5] == "-":
        return _SECOND if len(text) > _DAY else _DAY
    return len(text) - len(text.lstrip(_DIGITS))


def _clock(text: str) -> int:
    """How long the time of day is when it is written `` hh:mm:ss``; 0 when there is none."""
    length = _length(text)
    if text[4:5] == "-":
        return length - _DAY
    return (length - _COMPACT_DAY) * 3 // 2


def _moved(text: str, by: timedelta) -> str:
    # A date without a time has no clock that could be wrong.
    moment = _moment(text) if _clock(text) else None
    return text if moment is None else _written(text, moment + by)


def _written(like: str, moment: datetime) -> str:
    """``moment`` as precisely and with the same punctuation as the text ``like``."""
    length = _length(like)
    if like[4:5] == "-":
        return moment.isoformat()[:length] + like[length:]
    compact = moment.isoformat().replace("-", "").replace(":", "").replace("T", "")
    return compact[:length] + like[length:]
