"""Switch 28, "Automated governance": whether anybody can change the audit trail unseen.

Without it whoever has the application's password, or the database, removes the line that names
them, and what is left looks complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reference_platform.audit.chain import Link, columns
from reference_platform.audit.event import Event
from reference_platform.database.connection import Connection

_ROLES = "platform_app, platform_pilot"
_INSERT = """
    INSERT INTO audit_events
        (tenant, position, hash, content, id, recorded, subject, patient, action, kind, outcome)
    SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
    ON CONFLICT DO NOTHING
"""


class AuditTamperEvident(Protocol):
    """How the trail is kept."""

    checkpoint_seconds: float | None

    def statements(self) -> Sequence[str]:
        """What the migration does besides."""
        ...

    async def append(self, connection: Connection, tenant: str, events: Sequence[Event]) -> None:
        """Add those of `events` that the trail does not have, in their order."""
        ...


class Pilot:
    """A table like any other."""

    checkpoint_seconds: float | None = None

    def statements(self) -> Sequence[str]:
        """Nothing."""
        return ()

    async def append(self, connection: Connection, tenant: str, events: Sequence[Event]) -> None:
        """Rows that do not know of each other."""
        await _insert(connection, tenant, [(None, None, event) for event in events])


class Production:
    """Rows that can only be added, each with a hash over all before; checkpoints elsewhere."""

    checkpoint_seconds: float | None = 5.0

    def statements(self) -> Sequence[str]:
        """The services may add and read."""
        tables = "audit_events, audit_patients, erasures"
        return (f"REVOKE UPDATE, DELETE, TRUNCATE ON {tables} FROM {_ROLES}",)

    async def append(self, connection: Connection, tenant: str, events: Sequence[Event]) -> None:
        """One writer at a time per tenant, until the end of the transaction."""
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"audit/{tenant}"
        )
        link, rows = await head(connection, tenant), []
        for event in await _new(connection, events):
            link = link.next(event.canonical().decode())
            rows.append((link.position, link.hash, event))
        await _insert(connection, tenant, rows)


async def head(connection: Connection, tenant: str) -> Link:
    """The last link of a trail."""
    row = await connection.fetchrow(
        "SELECT position, hash FROM audit_events WHERE tenant = $1 AND position IS NOT NULL "
        "ORDER BY position DESC LIMIT 1",
        tenant,
    )
    return Link(row["position"], row["hash"]) if row else Link()


async def _new(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """Without those that are there already; the sender may not have seen our answer."""
    by_id = {event.id: event for event in events}
    rows = await connection.fetch(
        "SELECT id FROM audit_events WHERE id = ANY($1::text[])", [*by_id]
    )
    return [event for key, event in by_id.items() if key not in {row["id"] for row in rows}]


async def _insert(
    connection: Connection, tenant: str, rows: Sequence[tuple[int | None, str | None, Event]]
) -> None:
    if not rows:
        return
    told = [
        (position, digest, event.canonical().decode(), *columns(event))
        for position, digest, event in rows
    ]
    await connection.execute(_INSERT, tenant, *(list(column) for column in zip(*told, strict=True)))
    several = [
        (tenant, event.id, patient)
        for _, _, event in rows
        if len(event.patients) > 1
        for patient in event.patients
    ]
    if several:
        await connection.executemany(
            "INSERT INTO audit_patients (tenant, event, patient) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING",
            several,
        )
