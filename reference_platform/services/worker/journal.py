"""The journal of referrals: how far each one and each of its steps is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from reference_platform.database import Database
from reference_platform.database.connection import Connection
from reference_platform.decisions.async_workflows import Referral, State, Status
from reference_platform.services.worker.lane import NO_DEADLINE


class ReferralJournal:
    """Rows of `referrals` and `referral_steps`.

    Args:
        database: where they are.
        steps: the names of the steps, in order.
        patience: seconds from its acceptance within which a referral goes forward.
    """

    def __init__(self, database: Database, steps: Sequence[str], patience: float) -> None:
        self._database = database
        self._steps = steps
        self._patience = patience

    async def open(self, connection: Connection, referral: Referral) -> None:
        """Write it down as accepted, with every step pending."""
        await self._insert(connection, referral, "accepted", "pending")

    async def close(self, referral: Referral) -> None:
        """Write it down as completed, with every step done."""
        async with self._database.transaction(referral.tenant, NO_DEADLINE) as connection:
            await self._insert(connection, referral, "completed", "done")

    async def read(self, referral: Referral) -> tuple[Status, Mapping[str, State]]:
        """Its status, and the states of its steps by their names."""
        async with self._database.transaction(referral.tenant, NO_DEADLINE) as connection:
            status: Status = await connection.fetchval(
                "SELECT status FROM referrals WHERE id = $1", referral.id
            )
            rows = await steps_of(connection, referral.id)
        return status, {row["name"]: row["state"] for row in rows}

    async def late(self, referral: Referral) -> bool:
        """Whether it was accepted longer ago than the journal's patience."""
        async with self._database.transaction(referral.tenant, NO_DEADLINE) as connection:
            late: bool = await connection.fetchval(
                "SELECT started + make_interval(secs => $2) < now() FROM referrals WHERE id = $1",
                referral.id, self._patience,
            )  # fmt: skip
        return late

    async def step(self, referral: Referral, name: str, state: State) -> None:
        """Note a step's state."""
        async with self._database.transaction(referral.tenant, NO_DEADLINE) as connection:
            await _note(connection, referral, name, state)

    async def turn(self, referral: Referral, name: str) -> None:
        """Note that step `name` failed, and that the referral goes back from now on."""
        async with self._database.transaction(referral.tenant, NO_DEADLINE) as connection:
            await _note(connection, referral, name, "failed")
            await end(connection, referral.id, "compensating")

    async def _insert(
        self, connection: Connection, referral: Referral, status: Status, state: State
    ) -> None:
        await connection.execute(
            "INSERT INTO referrals (tenant, id, patient, content, status) "
            "VALUES ($1, $2, $3, $4, $5)",
            referral.tenant, referral.id, referral.patient,
            orjson.dumps(asdict(referral)).decode(), status,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO referral_steps (tenant, referral, position, name, state) "
            "SELECT $1, $2, position, name, $4 "
            "FROM unnest($3::text[]) WITH ORDINALITY AS wanted (name, position)",
            referral.tenant, referral.id, list(self._steps), state,
        )  # fmt: skip


async def steps_of(connection: Connection, referral: str) -> list[Any]:
    """Rows of name and state, in the order of the steps."""
    rows: list[Any] = await connection.fetch(
        "SELECT name, state FROM referral_steps WHERE referral = $1 ORDER BY position", referral
    )
    return rows


async def end(connection: Connection, referral: str, status: Status) -> None:
    """Note the status of a referral."""
    await connection.execute("UPDATE referrals SET status = $2 WHERE id = $1", referral, status)


async def _note(connection: Connection, referral: Referral, name: str, state: State) -> None:
    await connection.execute(
        "UPDATE referral_steps SET state = $3 WHERE referral = $1 AND name = $2",
        referral.id, name, state,
    )  # fmt: skip
