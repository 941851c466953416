"""Switch 10, "simultaneous users expose race conditions": what decides when two come at once.

Without it two callers both find a slot free and both book it, and of two allergies that are
added together one is lost.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Protocol

import asyncpg
import orjson

from reference_platform.database.connection import Connection
from reference_platform.outcomes import Refusal

_ETAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"')
_NEVER = -1  # a version that no resource has


@dataclass(frozen=True, slots=True)
class Booking:
    """An appointment that is wanted."""

    tenant: str
    id: str
    slot: str
    patient: str


class ConcurrencyControl(Protocol):
    """Booking a slot, growing a list, replacing a resource."""

    async def book(self, connection: Connection, booking: Booking) -> None:
        """Store the appointment; Refusal 409 when the slot is taken."""
        ...

    async def append_allergy(
        self, connection: Connection, tenant: str, patient: str, allergy: object
    ) -> tuple[str, int]:
        """Add to the patient's list; returns the list as JSON text, and its version."""
        ...

    def expected_version(self, if_match: str | None) -> int | None:
        """The version that an update may replace, None for any; Refusal 428 when none is named."""
        ...


async def _insert(connection: Connection, booking: Booking, *, exclusive: bool) -> None:
    await connection.execute(
        "INSERT INTO appointments (tenant, id, slot, patient, exclusive) "
        "VALUES ($1, $2, $3, $4, $5)",
        booking.tenant, booking.id, booking.slot, booking.patient, exclusive,
    )  # fmt: skip


class Pilot:
    """Look first, then write what follows from what was seen."""

    # What a look at the practitioner's calendar, or at a drug database, takes.
    thought = 0.03

    async def book(self, connection: Connection, booking: Booking) -> None:
        """Check, then insert."""
        taken = await connection.fetchval(
            "SELECT 1 FROM appointments WHERE slot = $1 LIMIT 1", booking.slot
        )
        if taken:
            raise _taken()
        await asyncio.sleep(self.thought)
        await _insert(connection, booking, exclusive=False)

    async def append_allergy(
        self, connection: Connection, tenant: str, patient: str, allergy: object
    ) -> tuple[str, int]:
        """Read the list, change it, write it back."""
        row = await connection.fetchrow(
            "SELECT allergies::text, version FROM allergy_lists WHERE patient = $1", patient
        )
        allergies, version = (orjson.loads(row[0]), row[1]) if row else ([], 0)
        await asyncio.sleep(self.thought)
        text = orjson.dumps([*allergies, allergy]).decode()
        await connection.execute(
            "INSERT INTO allergy_lists (tenant, patient, version, allergies) "
            "VALUES ($1, $2, $3, $4) ON CONFLICT (patient) "
            "DO UPDATE SET version = excluded.version, allergies = excluded.allergies",
            tenant, patient, version + 1, text,
        )  # fmt: skip
        return text, version + 1

    def expected_version(self, if_match: str | None) -> int | None:  # noqa: ARG002
        """Any: the last one wins."""
        return None


class Production:
    """One statement, or a constraint, or a version decides."""

    async def book(self, connection: Connection, booking: Booking) -> None:
        """Insert under a unique index."""
        try:
            await _insert(connection, booking, exclusive=True)
        except asyncpg.UniqueViolationError:
            raise _taken() from None

    async def append_allergy(
        self, connection: Connection, tenant: str, patient: str, allergy: object
    ) -> tuple[str, int]:
        """Append where the list is."""
        row = await connection.fetchrow(
            "INSERT INTO allergy_lists AS known (tenant, patient, version, allergies) "
            "VALUES ($1, $2, 1, jsonb_build_array($3::jsonb)) ON CONFLICT (patient) "
            "DO UPDATE SET version = known.version + 1, "
            "allergies = known.allergies || excluded.allergies "
            "RETURNING allergies::text, version",
            tenant, patient, orjson.dumps(allergy).decode(),
        )  # fmt: skip
        return row[0], row[1]

    def expected_version(self, if_match: str | None) -> int | None:
        """The one of the If-Match header; a header that names none matches none."""
        if if_match is None:
            raise Refusal(428, 'If-Match: missing. Send the ETag that you read, as W/"1".')
        match = _ETAG.fullmatch(if_match.strip())
        return int(match[1]) if match else _NEVER


def _taken() -> Refusal:
    return Refusal(409, "Appointment.slot: this slot is taken. Choose another.")
