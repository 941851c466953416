"""Switch 8, "Batch processing locked databases": how a batch shares the database with the bedside.

Without it the nightly billing holds a lock on every account until it is through, and whoever
orders for one of those patients waits as long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from reference_platform.database.connection import Connection
from reference_platform.decisions import queue_processing
from reference_platform.decisions.queue_processing import Job, Perform

Pool = TypeVar("Pool")
RATING = 0.003
"""Seconds that the rules of a patient's payer take, per account."""


class Ledger(Protocol):
    """The accounts that one billing run is about."""

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction of the run's tenant."""
        ...

    async def open_accounts(self, connection: Connection, limit: int | None) -> list[str]:
        """Patients that owe something and were not billed by this run, at most `limit`."""
        ...

    async def lock(
        self, connection: Connection, patients: Sequence[str], *, skip_locked: bool
    ) -> list[str]:
        """Lock these accounts until the transaction ends; returns those that were got."""
        ...

    async def settle(self, connection: Connection, patients: Sequence[str]) -> None:
        """Bill every open charge of these locked accounts."""
        ...


class WorkloadSeparation(Protocol):
    """A billing run, its connections and its transactions."""

    def pool(self, shared: Pool, own: Callable[[], Pool]) -> Pool:
        """Where batches get their connections from."""
        ...

    async def accept(self, connection: Connection, job: Job) -> None:
        """Take a run on, in the transaction that accepts it."""
        ...

    def accepted(self, job: Job, perform: Perform) -> None:
        """See to it that the run is performed, now that it is committed."""
        ...

    async def bill(self, ledger: Ledger) -> None:
        """Bill all open accounts."""
        ...


class Pilot(queue_processing.Pilot):
    """One transaction on the pool of the requests, in the background."""

    def pool(self, shared: Pool, own: Callable[[], Pool]) -> Pool:  # noqa: ARG002
        """The one that is there."""
        return shared

    async def bill(self, ledger: Ledger) -> None:
        """Lock everything, rate one account after the other, commit at the end."""
        async with ledger.transaction() as connection:
            patients = await ledger.open_accounts(connection, None)
            held = await ledger.lock(connection, patients, skip_locked=False)
            for patient in held:
                await asyncio.sleep(RATING)
                await ledger.settle(connection, [patient])


class Production(queue_processing.Production):
    """A queued job with connections of its own, and locks that last a few milliseconds."""

    chunk = 10
    patience = 0.05
    """Seconds until accounts that somebody else held are looked at again."""

    def pool(self, shared: Pool, own: Callable[[], Pool]) -> Pool:  # noqa: ARG002
        """One that no request waits for."""
        return own()

    async def bill(self, ledger: Ledger) -> None:
        """Rate a few accounts without a lock, then lock, bill and commit them.

        Whoever takes over after a crash goes on with what is not billed yet.
        """
        while patients := await self._next(ledger):
            await asyncio.sleep(RATING * len(patients))
            if not await self._settled(ledger, patients):
                await asyncio.sleep(self.patience)

    async def _next(self, ledger: Ledger) -> list[str]:
        async with ledger.transaction() as connection:
            return await ledger.open_accounts(connection, self.chunk)

    async def _settled(self, ledger: Ledger, patients: Sequence[str]) -> bool:
        async with ledger.transaction() as connection:
            await connection.execute("SET LOCAL lock_timeout = '200ms'")
            held = await ledger.lock(connection, patients, skip_locked=True)
            if held:
                await ledger.settle(connection, held)
        return bool(held)
