"""The pool through which one service speaks to PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Self

import asyncpg

from reference_platform.database.connection import Connection
from reference_platform.decisions.crash_recovery import CrashRecovery, Pool
from reference_platform.decisions.tenant_isolation import TenantIsolation
from reference_platform.decisions.timeouts_deadlines import Deadline, TimeoutsDeadlines
from reference_platform.dependencies import UNOBSERVED, EdgeObserver
from reference_platform.settings import Settings

_TOO_LATE = (TimeoutError, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)
_LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)


class Database:
    """Transactions of one service: as the role, and within the limits, that were decided.

    Enter it to open the pool, leave it to close it.

    Args:
        settings: where the database is.
        service: whose connections these are.
        isolation, timeouts, recovery: what was decided.
        size: the connections that there may be at once.
        purpose: what they are for; the server shows them as `<service>-<purpose>`.
        observer: hears of every transaction as of a call to `postgres`.
    """

    def __init__(
        self,
        settings: Settings,
        service: str,
        isolation: TenantIsolation,
        timeouts: TimeoutsDeadlines,
        recovery: CrashRecovery,
        *,
        size: int = 10,
        purpose: str = "requests",
        observer: EdgeObserver = UNOBSERVED,
    ) -> None:
        self._url = settings.database_url(service, isolation.role)
        self._name = f"{service}-{purpose}"
        self._isolation = isolation
        self._timeouts = timeouts
        self._recovery = recovery
        self._size = size
        self._observer = observer
        self._pool: Pool

    async def __aenter__(self) -> Self:
        """Create the pool; it connects when first used, so a database may come later."""
        self._pool = await self._recovery.pool(self._url, **self._options())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drop all connections at once."""
        self._pool.terminate()

    @asynccontextmanager
    async def transaction(self, tenant: str, deadline: Deadline) -> AsyncIterator[Connection]:
        """A transaction of `tenant`: committed at the end, rolled back on any error.

        Raises TimeoutError at the deadline, asyncpg.PostgresError, asyncpg.InterfaceError or
        OSError.
        """
        began = monotonic()
        try:
            async with self._connection(deadline) as connection:
                await connection.execute(self._isolation.begin(tenant))
                yield connection
                await connection.execute("COMMIT")
        except BaseException as error:
            self._observer.outcome(_outcome(error, deadline), monotonic() - began)
            raise
        self._observer.outcome("success", monotonic() - began)

    async def check(self, seconds: float) -> None:
        """Ask the database for a sign of life; TimeoutError, PostgresError or OSError if none."""
        async with self.transaction("", Deadline(None).within(seconds)) as connection:
            await connection.execute("SELECT 1")

    @asynccontextmanager
    async def _connection(self, deadline: Deadline) -> AsyncIterator[Connection]:
        patience = deadline.within(self._timeouts.edge).remaining()
        connection = await self._pool.acquire(patience)
        try:
            yield connection
        except asyncpg.InternalClientError as error:
            # The server has taken its leave, and the stream has not ended yet: asyncpg, which takes
            # the connection for alive, calls that a fault of its own. To the pool it is lost.
            connection.terminate()
            raise asyncpg.ConnectionDoesNotExistError("postgres ended the connection") from error
        except (asyncio.CancelledError, OSError, asyncpg.InterfaceError):
            # A graceful end would wait for a server that may never answer.
            self._pool.drop(connection)
            raise
        except BaseException:
            await _roll_back(connection)
            raise
        finally:
            await self._pool.release(connection)

    def _options(self) -> dict[str, Any]:
        decided = self._timeouts.database()
        named = {**decided.get("server_settings", {}), "application_name": self._name}
        sized = {"min_size": 0, "max_size": self._size, "reset": _keep}
        return {**decided, **sized, "server_settings": named}


def _outcome(error: BaseException, deadline: Deadline) -> str:
    """What EdgeObserver calls a transaction that ended so; errors of its user are none of ours."""
    if isinstance(error, _TOO_LATE):
        return "timeout"
    if isinstance(error, _LOST):
        return "failure"
    if isinstance(error, Exception):
        return "success"
    return "timeout" if deadline.remaining() == 0.0 else "cancelled"


async def _roll_back(connection: Connection) -> None:
    if not connection.is_closed():
        await connection.execute("ROLLBACK")


async def _keep(connection: Connection) -> None:
    """Nothing to reset: all that a transaction sets ends with it."""
