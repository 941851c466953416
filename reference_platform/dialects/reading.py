"""From a partner's message to the canonical event, by the partner's dialect."""

from __future__ import annotations

import re
from datetime import UTC

from reference_platform.dialects.dialect import Dialect, parsed
from reference_platform.dialects.event import CanonicalEvent
from reference_platform.dialects.header import Header
from reference_platform.dialects.message import Message
from reference_platform.dialects.place import Place
from reference_platform.dialects.problem import Code, Problem
from reference_platform.visits import event_time

_KIND, _TRIGGER, _CONTROL_ID = Place("MSH", 9), Place("MSH", 9, 2), Place("MSH", 10)
_VERSION, _APPLICATION, _FACILITY = Place("MSH", 12), Place("MSH", 3), Place("MSH", 4)
_TRACE = Place("ZTR", 1)
# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


def decoded(message: bytes, dialect: Dialect) -> tuple[str, str]:
    """The text of `message`, and its codec; Problem when its bytes are not what they should be."""
    codec = dialect.codec(Header.of(message))
    try:
        return message.decode(codec), codec
    except UnicodeDecodeError:
        sentence = "the message is not in the encoding that it should be in"
        raise Problem("MSH-18", Code.DATA_TYPE, sentence) from None


def read(message: Message, dialect: Dialect) -> CanonicalEvent:
    """What an ADT message says. Problem when what is needed is missing or wrong."""
    return _Reading(message, dialect).event()


class _Reading:
    def __init__(self, message: Message, dialect: Dialect) -> None:
        self._message = message
        self._dialect = dialect

    def event(self) -> CanonicalEvent:
        message, fields, codes = self._message, self._dialect.fields, self._dialect.codes
        trigger = self._trigger()
        tenant = self._needed(fields.tenant)[1]
        return CanonicalEvent(
            tenant=codes.tenant.get(tenant, tenant.lower()),
            sender=f"{message.text(_APPLICATION)}|{message.text(_FACILITY)}",
            control_id=self._needed((_CONTROL_ID,))[1],
            dialect=self._dialect.name,
            trigger=trigger,
            occurred=self._occurred(*self._needed(fields.occurred)),
            visit=self._needed(fields.visit)[1],
            patient=self._needed(fields.patient)[1],
            ward=self._first(fields.ward)[1],
            visit_class=self._coded(codes.visit_class, *self._first(fields.visit_class)),
            family=self._first(fields.family)[1],
            given=self._first(fields.given)[1],
            birth_date=self._date(*self._first(fields.birth_date)),
            gender=self._coded(dict(codes.gender), *self._first(fields.gender)),
            traceparent=self._traceparent(),
        )

    def _trigger(self) -> str:
        versions, triggers = self._dialect.match.versions, self._dialect.triggers
        if versions and self._message.text(_VERSION) not in versions:
            raise Problem("MSH-12", Code.VERSION, f"not one of {', '.join(versions)}")
        if self._message.text(_KIND) != "ADT":
            raise Problem("MSH-9", Code.TYPE, "not ADT")
        trigger = self._message.text(_TRIGGER)
        if trigger not in triggers:
            raise Problem("MSH-9-2", Code.EVENT, f"not one of {', '.join(triggers)}")
        return triggers[trigger]

    def _first(self, places: tuple[Place, ...]) -> tuple[str, str]:
        """Where the value was found, and the value; both empty when it is nowhere."""
        for place in places:
            # Two quotation marks delete the value that the receiver has (HL7 v2.5.1, 2.5.3).
            if (value := self._message.text(place)) and value != '""':
                return str(place), value
        return "", ""

    def _needed(self, places: tuple[Place, ...]) -> tuple[str, str]:
        found = self._first(places)
        if not found[1]:
            raise Problem(str(places[0]), Code.MISSING, "missing")
        return found

    def _occurred(self, place: str, text: str) -> str:
        times = self._dialect.times
        try:
            if not times.moments:
                return event_time(text, times.shift)
            moment = parsed(text, times.moments)
            own = moment.astimezone(UTC) if moment.tzinfo else moment - times.shift
        except (ValueError, OverflowError):
            raise Problem(place, Code.DATA_TYPE, "not a time as this sender writes it") from None
        return f"{own:%Y%m%d%H%M%S}.0000"

    def _date(self, place: str, text: str) -> str:
        if not text:
            return ""
        try:
            return parsed(text, self._dialect.times.dates).date().isoformat()
        except ValueError:
            raise Problem(place, Code.DATA_TYPE, "not a date as this sender writes it") from None

    @staticmethod
    def _coded(meanings: dict[str, str], place: str, code: str) -> str:
        if code and code not in meanings:
            raise Problem(place, Code.TABLE_VALUE, "not a code of this sender")
        return meanings[code] if code else ""

    def _traceparent(self) -> str:
        """A trace that cannot be read is no reason to lose an admission."""
        value = self._message.text(_TRACE)
        return value if _TRACEPARENT.fullmatch(value) else ""
