"""The ADT feed: HL7 v2 messages that arrive by MLLP, each of them acknowledged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import hl7
import structlog

from reference_platform import mllp
from reference_platform.services.hub import er7
from reference_platform.services.inner import Stored
from reference_platform.visits import TRIGGERS, VisitEvent, event_time

# MSH-18 (HL7 table 0211); an absent one is read as UTF-8, of which ASCII is a part.
_ENCODINGS = {"": "utf-8", "UNICODE UTF-8": "utf-8", "ASCII": "ascii", "8859/1": "latin-1"}
_log = structlog.get_logger("reference_platform")


class Feed:
    """Takes events in, one transaction each; the sender is told AA only after the commit."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner
        self._settings = inner.settings
        self._idempotency = inner.decisions.idempotency
        self._timeouts = inner.decisions.timeouts_deadlines

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Serve MLLP on the port of the settings."""
        server = await mllp.serve(self._settings.host, self._settings.mllp_port, self.handle)
        try:
            yield
        finally:
            server.close()

    async def handle(self, message: bytes) -> bytes:
        """The acknowledgement: AA stored, AE try again, AR never going to work."""
        try:
            parsed = _parse(message)
        except (hl7.HL7Exception, ValueError, LookupError):
            return er7.acknowledgement("AR", "", "", "")
        try:
            await self._receive(parsed)
        except (ValueError, LookupError) as error:
            _log.warning("message refused", reason=str(error))
            return _acknowledge(parsed, "AR")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _log.warning("message not stored", error=type(error).__name__)
            return _acknowledge(parsed, "AE")
        return _acknowledge(parsed, "AA")

    async def _receive(self, parsed: hl7.Message) -> None:
        event = read_event(parsed)
        if event.tenant not in self._settings.tenants:
            raise ValueError("MSH-4: not a facility of this platform")
        deadline = self._timeouts.deadline(None)
        transaction = self._inner.database.transaction(event.tenant, deadline)
        async with deadline.scope(), transaction as connection:
            await self._idempotency.receive(connection, event)


def _parse(message: bytes) -> hl7.Message:
    """The message, read in the encoding that its header names."""
    header = message.partition(b"\r")[0].split(message[3:4] or b"|")
    named = header[17].decode("ascii", "replace").strip() if len(header) > 17 else ""  # noqa: PLR2004
    if named not in _ENCODINGS:
        raise ValueError("MSH-18: an encoding that is not read here")
    parsed = hl7.parse(message, encoding=_ENCODINGS[named])
    if not isinstance(parsed, hl7.Message) or str(parsed[0][0]) != "MSH":
        raise ValueError("MSH: missing")
    return parsed


def read_event(message: hl7.Message) -> VisitEvent:
    """What an ADT message says. ValueError when a field that is needed is missing or wrong."""
    trigger = _field(message, "MSH", 9, component=2)
    if _field(message, "MSH", 9) != "ADT" or trigger not in TRIGGERS:
        raise ValueError(f"MSH-9: not one of ADT^{', ADT^'.join(TRIGGERS)}")
    facility = _needed(message, "MSH", 4)
    return VisitEvent(
        tenant=facility.lower(),
        sender=f"{_field(message, 'MSH', 3)}|{facility}",
        control_id=_needed(message, "MSH", 10),
        visit=_needed(message, "PV1", 19),
        trigger=trigger,
        occurred=event_time(_field(message, "EVN", 2) or _field(message, "MSH", 7)),
        patient=_needed(message, "PID", 3),
        ward=_field(message, "PV1", 3),
    )


def _needed(message: hl7.Message, segment: str, field: int) -> str:
    if not (value := _field(message, segment, field)):
        raise ValueError(f"{segment}-{field}: missing")
    return value


def _field(message: hl7.Message, segment: str, field: int, component: int = 1) -> str:
    """As `_text`; ValueError when it holds what PostgreSQL cannot keep."""
    text = _text(message, segment, field, component)
    if "\x00" in text:
        raise ValueError(f"{segment}-{field}: holds a NUL")
    return text


def _text(message: hl7.Message, segment: str, field: int, component: int = 1) -> str:
    """The first repetition's component, unescaped; empty when the message has none."""
    try:
        value = message.extract_field(segment, 1, field, 1, component, 1)
    except LookupError:
        return ""
    return str(value or "").strip()


def _acknowledge(message: hl7.Message, code: str) -> bytes:
    application, facility, about = (_text(message, "MSH", field) for field in (3, 4, 10))
    return er7.acknowledgement(code, application, facility, about)
