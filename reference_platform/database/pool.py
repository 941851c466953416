"""The pool through which one service speaks to PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import asyncpg

from reference_platform.database.connection import Connection
from reference_platform.decisions.tenant_isolation import TenantIsolation
from reference_platform.decisions.timeouts_deadlines import Deadline, TimeoutsDeadlines
from reference_platform.settings import Settings

_SIZE = 10


class Database:
    """Transactions of one service: as the role, and within the limits, that were decided.

    Enter it to open the pool, leave it to close it.
    """

    def __init__(
        self,
        settings: Settings,
        service: str,
        isolation: TenantIsolation,
        timeouts: TimeoutsDeadlines,
    ) -> None:
        self._url = settings.database_url(service, isolation.role)
        self._isolation = isolation
        self._timeouts = timeouts
        self._pool: Any = None

    async def __aenter__(self) -> Self:
        """Create the pool; it connects when first used, so a database may come later."""
        self._pool = await asyncpg.create_pool(
            self._url, min_size=0, max_size=_SIZE, reset=_keep, **self._timeouts.database()
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drop all connections at once."""
        self._pool.terminate()

    @asynccontextmanager
    async def transaction(self, tenant: str, deadline: Deadline) -> AsyncIterator[Connection]:
        """A transaction of `tenant`: committed at the end, rolled back on any error.

        Raises TimeoutError at the deadline, asyncpg.PostgresError, or OSError.
        """
        connection = await self._pool.acquire(
            timeout=deadline.within(self._timeouts.edge).remaining()
        )
        try:
            await connection.execute(self._isolation.begin(tenant))
            yield connection
            await connection.execute("COMMIT")
        except (asyncio.CancelledError, OSError, asyncpg.InterfaceError):
            # A graceful end would wait for a server that may never answer.
            connection.terminate()
            raise
        except BaseException:
            await _roll_back(connection)
            raise
        finally:
            await self._pool.release(connection)

    async def check(self, seconds: float) -> None:
        """Ask the database for a sign of life; TimeoutError, PostgresError or OSError if none."""
        async with self.transaction("", Deadline(None).within(seconds)) as connection:
            await connection.execute("SELECT 1")


async def _roll_back(connection: Connection) -> None:
    if not connection.is_closed():
        await connection.execute("ROLLBACK")


async def _keep(connection: Connection) -> None:
    """Nothing to reset: all that a transaction sets ends with it."""
