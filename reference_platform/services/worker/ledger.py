"""The ledger of one billing run: open accounts, and how they are billed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from reference_platform.database import Database
from reference_platform.database.connection import Connection
from reference_platform.services.worker.lane import NO_DEADLINE

_LOCK = (
    "SELECT patient FROM accounts WHERE tenant = $1 AND patient = ANY($2) "
    "ORDER BY patient FOR UPDATE"
)
_LOCK_FREE = f"{_LOCK} SKIP LOCKED"


class AccountLedger:
    """Rows of `accounts`, `charges` and `invoices`; a charge is billed by the run it names."""

    def __init__(self, database: Database, tenant: str, run: str) -> None:
        self._database = database
        self._tenant = tenant
        self._run = run

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction of the run's tenant."""
        return self._database.transaction(self._tenant, NO_DEADLINE)

    async def open_accounts(self, connection: Connection, limit: int | None) -> list[str]:
        """Patients that owe something and were not billed by this run, at most `limit`."""
        rows = await connection.fetch(
            "SELECT patient FROM accounts WHERE tenant = $1 AND open > 0 "
            "AND last_run IS DISTINCT FROM $2 ORDER BY patient LIMIT $3",
            self._tenant, self._run, limit,
        )  # fmt: skip
        return [row["patient"] for row in rows]

    async def lock(
        self, connection: Connection, patients: Sequence[str], *, skip_locked: bool
    ) -> list[str]:
        """Lock these accounts until the transaction ends; returns those that were got."""
        statement = _LOCK_FREE if skip_locked else _LOCK
        rows = await connection.fetch(statement, self._tenant, list(patients))
        return [row["patient"] for row in rows]

    async def settle(self, connection: Connection, patients: Sequence[str]) -> None:
        """Bill every open charge of these locked accounts.

        A statement of its own after the lock: it sees every charge of whoever held the lock before.
        An account that another run billed in between may come again, and adds to its invoice.
        """
        await connection.execute(
            "WITH billed AS (UPDATE charges SET run = $2 "
            " WHERE tenant = $1 AND patient = ANY($3) AND run IS NULL RETURNING patient, amount), "
            "sums AS (SELECT patient, sum(amount)::bigint AS amount FROM billed GROUP BY patient), "
            "invoiced AS (INSERT INTO invoices (tenant, run, patient, amount) "
            " SELECT $1, $2, patient, amount FROM sums ON CONFLICT (run, patient) "
            " DO UPDATE SET amount = invoices.amount + excluded.amount) "
            "UPDATE accounts SET last_run = $2, open = open - COALESCE("
            " (SELECT amount FROM sums WHERE sums.patient = accounts.patient), 0) "
            "WHERE tenant = $1 AND patient = ANY($3)",
            self._tenant, self._run, list(patients),
        )  # fmt: skip
