"""Where a message goes: to the visit that it is about, or into quarantine."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import orjson

from reference_platform import audit, tracing
from reference_platform.audit.event import instant
from reference_platform.database.connection import Connection
from reference_platform.decisions.adapter_hub import Adapters
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.dialects import CanonicalEvent, Code, Problem
from reference_platform.dialects.header import Header
from reference_platform.dialects.message import Message
from reference_platform.dialects.place import Place
from reference_platform.services.call import new_id
from reference_platform.services.inner import Stored

PLATFORM = "platform"
"""The tenant that holds what no hospital sent; its administrators look after the platform."""

_PATIENT = Place("PID", 3)


class Intake:
    """Reads messages, applies their events, and holds what cannot be applied."""

    def __init__(self, inner: Stored, adapters: Adapters) -> None:
        self._database = inner.database
        self._settings = inner.settings
        self._decisions = inner.decisions
        self._idempotency = inner.decisions.idempotency
        self._adapters = adapters

    async def apply(
        self, message: bytes | str, deadline: Deadline, tenant: str | None = None
    ) -> CanonicalEvent:
        """Let what `message` says happen to its visit; only in `tenant`, if one is named.

        Raises ValueError or LookupError when it cannot be read, Problem when it can but does not
        fit, or whatever the database raises.
        """
        event = self._adapters.event(message)
        known = event.tenant in self._settings.tenants and event.tenant != PLATFORM
        if not known or tenant not in (None, event.tenant):
            raise Problem("MSH-4", Code.UNKNOWN_KEY, "not a facility of this platform")
        async with self._database.transaction(event.tenant, deadline) as connection:
            await self._idempotency.receive(connection, event.visit_event())
            await _keep(connection, event)
            await audit.record(connection, self._decisions, self._received(event))
        return event

    def _received(self, event: CanonicalEvent) -> audit.Event:
        return audit.Event(
            id=new_id(),
            recorded=instant(self._settings.clock),
            tenant=event.tenant,
            subject=event.sender,
            role="partner",
            operation="receiveMessage",
            action="C",
            kind="import",
            path=f"/v1/visits/{event.visit}",
            patients=(event.patient,),
            status=200,
            source="hub",
            trace=tracing.trace_id(),
        )

    async def hold(self, message: bytes, problem: Problem, deadline: Deadline) -> None:
        """Keep `message` as it came, with the reason; one that is held already is counted."""
        header = Header.of(message)
        tenant = header.tenant if header.tenant in self._settings.tenants else PLATFORM
        async with self._database.transaction(tenant, deadline) as connection:
            await connection.execute(
                "INSERT INTO quarantine (tenant, id, received, sender, control_id, patient, "
                "place, reason, state, times, digest, message) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'held', 1, $9, $10) "
                "ON CONFLICT (digest, tenant) DO UPDATE SET times = quarantine.times + 1",
                tenant, new_id(), self._settings.clock.now(), header.sender, header.control_id,
                patient_in(message), problem.place, str(problem),
                hashlib.sha256(message).hexdigest(), message,
            )  # fmt: skip


def patient_in(message: bytes) -> str | None:
    """The patient's identifier, if a message that is not understood still shows one."""
    try:
        return Message(message.decode("latin-1")).text(_PATIENT)[:199] or None
    except Problem:
        return None


async def _keep(connection: Connection, event: CanonicalEvent) -> None:
    content: dict[str, Any] = asdict(event)
    await connection.execute(
        "INSERT INTO canonical_events "
        "(tenant, sender, control_id, visit, patient, occurred, content) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        event.tenant, event.sender, event.control_id, event.visit, event.patient, event.occurred,
        orjson.dumps(content).decode(),
    )  # fmt: skip
