"""Switch 27, "Audit-ready logging systems": whether everything that was done is on record.

Without it reads leave no trace, and of writes the trail has what its sink happened to be up for:
nobody can tell a patient who has seen the chart.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol, Self

import orjson
import structlog

from reference_platform.audit.buffer import Buffer, Ship
from reference_platform.audit.event import Event
from reference_platform.database.connection import Connection
from reference_platform.decisions.audit_tamper_evident import AuditTamperEvident

_log = structlog.get_logger("reference_platform")


class Recorder(AbstractAsyncContextManager["Recorder"], Protocol):
    """Where the gateway notes what it is asked."""

    def begin(self, event: Event) -> None:
        """Before something is changed; Refusal 503 when it must not be done without a record."""
        ...

    def end(self, event: Event) -> None:
        """Before the answer leaves; Refusal 503 when it must not leave without a record."""
        ...


class AuditComplete(Protocol):
    """How events get into the trail."""

    def recorder(self, folder: Path, name: str, ship: Ship) -> Recorder:
        """The recorder of one process; `ship` hands events to the service that has the trail."""
        ...

    async def within(self, connection: Connection, trail: AuditTamperEvident, event: Event) -> None:
        """Record what the transaction of `connection` does."""
        ...


class Pilot:
    """A line in the log for what is written, and a call after the answer that may get lost."""

    def recorder(self, folder: Path, name: str, ship: Ship) -> Recorder:  # noqa: ARG002
        """Nothing is kept in files."""
        return _Hopeful(ship)

    async def within(
        self,
        connection: Connection,  # noqa: ARG002
        trail: AuditTamperEvident,  # noqa: ARG002
        event: Event,
    ) -> None:
        """A line in the log."""
        _log.info("done", operation=event.operation, subject=event.subject)


class _Hopeful:
    """Sends events off and does not look back."""

    def __init__(self, ship: Ship) -> None:
        self._ship = ship
        self._calls: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for call in self._calls:
            call.cancel()

    def begin(self, event: Event) -> None:
        """Nothing has happened yet."""

    def end(self, event: Event) -> None:
        """Only what changed something is worth a line."""
        if event.action not in "CUD" or event.outcome != "0":
            return
        _log.info("done", operation=event.operation, subject=event.subject)
        call = asyncio.create_task(self._call(event))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, event: Event) -> None:
        try:
            await self._ship(orjson.dumps([event]))
        except Exception as error:  # noqa: BLE001 - the answer has left long ago
            _log.warning("audit event lost", error=type(error).__name__)


class Production:
    """Everything, before the answer, in a file that outlives the process until the trail has it."""

    def recorder(self, folder: Path, name: str, ship: Ship) -> Recorder:
        """A durable buffer."""
        return Buffer(folder, name, ship)

    async def within(self, connection: Connection, trail: AuditTamperEvident, event: Event) -> None:
        """In the same transaction: both are there, or neither is."""
        await trail.append(connection, event.tenant, [event])
