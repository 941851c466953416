"""Switch 20, "Failure recovery mechanisms": what goes on by itself after a crash.

Without it a database that was away for a fifth of a second leaves a platform that stays down
until somebody restarts it, and every restart drops the requests that are being answered.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import asyncpg
import structlog

from reference_platform.database.connection import Connection

_log = structlog.get_logger("reference_platform")


class Pool(Protocol):
    """Connections to PostgreSQL, opened when needed."""

    async def acquire(self, timeout: float | None) -> Connection:  # noqa: ASYNC109
        """A connection, within `timeout` seconds; TimeoutError, OSError or an asyncpg error."""
        ...

    async def release(self, connection: Connection) -> None:
        """Give `connection` back, in whatever state it is."""
        ...

    def drop(self, connection: Connection) -> None:
        """Cut `connection` off without waiting for the server; it is to be released still."""
        ...

    def terminate(self) -> None:
        """Cut off all connections."""
        ...


class CrashRecovery(Protocol):
    """How a process gets over the deaths of others, and how it ends itself.

    Attributes:
        drain: seconds that running requests get to end after SIGTERM. New ones are refused from
            then on: nothing listens any more, so that readiness says no by not answering.
    """

    drain: float

    async def pool(self, url: str, **options: Any) -> Pool:
        """A pool of the database at `url`; `options` are those of `asyncpg.create_pool`."""
        ...

    async def keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run `loop`, which works for as long as nothing goes wrong, in the background."""
        ...


class OpenedOnce:
    """A pool that its first lost connection closes; nobody opens another."""

    def __init__(self) -> None:
        self._pool: Any = None

    async def open(self, url: str, **options: Any) -> OpenedOnce:
        """Itself, ready for use; its connections never rest so long that they are closed."""
        self._pool = await asyncpg.create_pool(
            url, init=self._watch, max_inactive_connection_lifetime=0, **options
        )
        return self

    async def acquire(self, timeout: float | None) -> Connection:  # noqa: ASYNC109
        """A connection; InterfaceError for ever after one was lost."""
        return await self._pool.acquire(timeout=timeout)

    async def release(self, connection: Connection) -> None:
        """As Pool has it."""
        await self._pool.release(connection)

    def drop(self, connection: Connection) -> None:
        """As Pool has it; a connection that was cut off here is not lost."""
        connection.remove_termination_listener(self._lost)
        connection.terminate()

    def terminate(self) -> None:
        """As Pool has it."""
        self._pool.terminate()

    async def _watch(self, connection: Connection) -> None:
        connection.add_termination_listener(self._lost)

    def _lost(self, _connection: Connection) -> None:
        asyncio.get_running_loop().call_soon(self._pool.terminate)


class Pilot:
    """Written for a database that is always there, and for a process that may end at any time."""

    drain = 0.0

    async def pool(self, url: str, **options: Any) -> Pool:
        """One for as long as nothing is lost."""
        return await OpenedOnce().open(url, **options)

    async def keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:  # noqa: ARG002
        """Run it once; the first error ends it for good, and nobody hears of it."""
        with suppress(Exception):
            await loop()


class Backoff:
    """Pauses that double from `first` to `longest` seconds, drawn from their upper half."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def reset(self) -> None:
        """It went well."""
        self._next = self._first

    def pause(self) -> float:
        """How long to wait after one more failure."""
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return random.uniform(pause / 2, pause)  # noqa: S311


class Reconnecting:
    """A pool that replaces what it lost, and does not hammer at a database that is away."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._backoff = Backoff(first=0.02, longest=0.5)
        self._closed_until = 0.0

    async def open(self, url: str, **options: Any) -> Reconnecting:
        """Itself, ready for use."""
        self._pool = await asyncpg.create_pool(url, connect=self._connect, **options)
        return self

    async def acquire(self, timeout: float | None) -> Connection:  # noqa: ASYNC109
        """A connection; ConnectionRefusedError at once while the database is left alone."""
        return await self._pool.acquire(timeout=timeout)

    async def release(self, connection: Connection) -> None:
        """As Pool has it."""
        await self._pool.release(connection)

    def drop(self, connection: Connection) -> None:
        """As Pool has it."""
        connection.terminate()

    def terminate(self) -> None:
        """As Pool has it."""
        self._pool.terminate()

    async def _connect(self, *arguments: Any, **options: Any) -> Any:
        if time.monotonic() < self._closed_until:
            raise ConnectionRefusedError("postgres: was away a moment ago. Ask again in a second.")
        try:
            connection = await asyncpg.connect(*arguments, **options)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._closed_until = time.monotonic() + self._backoff.pause()
            raise
        self._backoff.reset()
        return connection


class Production:
    """Connections come back, loops go on, and a process that ends finishes what it began."""

    drain = 3.0  # more than the two seconds of a request

    _STABLE = 10.0  # seconds after which a loop is believed to be well again

    async def pool(self, url: str, **options: Any) -> Pool:
        """One that connects again, with back-off."""
        return await Reconnecting().open(url, **options)

    async def keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run it until it returns; after an error again, ever more patiently."""
        backoff = Backoff(first=0.1, longest=2.0)
        while True:
            began = time.monotonic()
            try:
                return await loop()
            except Exception as error:  # noqa: BLE001 - whatever it was, the loop goes on
                if time.monotonic() - began > self._STABLE:
                    backoff.reset()
                pause = backoff.pause()
                _log.warning("loop goes on", loop=name, error=type(error).__name__, pause=pause)
            await asyncio.sleep(pause)
