"""A lane of the queue: takes jobs of one kind, works on a few at a time, and says how it went."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import asyncpg
import structlog
from opentelemetry.trace import SpanKind

from reference_platform.database import Database
from reference_platform.database.connection import Connection
from reference_platform.decisions import queue_processing as queue
from reference_platform.decisions.async_workflows import HopelessError
from reference_platform.decisions.queue_processing import Job, LeaseLostError, Perform
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.services.inner import Stored

POLL = 0.5
"""Seconds between two looks at the queue. Whatever is accepted here, or is due here, wakes the
lane; only what another worker left behind waits for the next look."""
_FIRST, _LONGEST, _DOUBLINGS = 0.1, 2.0, 5  # seconds between two attempts, and how they grow
NO_DEADLINE = Deadline(None)
"""Nobody waits for this work: only the limits of its edges hold."""

_DATABASE_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log = structlog.get_logger("reference_platform")

Record = Callable[[Connection], Awaitable[None]]
"""Writes down the result of work, in the transaction that ends its job."""


class Work(Protocol):
    """What is to be done about jobs of one kind."""

    attempts: int
    """How often it is tried before the job is a dead letter."""

    async def perform(self, job: Job) -> Record:
        """Have the effects, which may have been had before.

        Any exception means another attempt, HopelessError that there is no use in one.
        """
        ...

    async def give_up(self, connection: Connection, job: Job) -> None:
        """Write down that it will never be done."""
        ...


def at_once(work: Work, database: Database) -> Perform:
    """What does `work` outside of any queue: one attempt."""

    async def perform(job: Job) -> None:
        record = await work.perform(job)
        async with database.transaction(job.tenant, NO_DEADLINE) as connection:
            await record(connection)

    return perform


def pause(attempt: int) -> float:
    """Seconds before the next attempt: twice as many each time, with jitter."""
    return min(_FIRST * 2.0 ** min(attempt, _DOUBLINGS), _LONGEST) * random.uniform(0.5, 1)  # noqa: S311


class Lane:
    """Jobs of one `kind`, `width` at a time, from the queues of all tenants in turn."""

    def __init__(self, inner: Stored, kind: str, work: Work, width: int) -> None:
        self._database = inner.database
        self._observability = inner.decisions.built_in_observability
        self._tenants = deque(sorted(inner.settings.tenants))
        self.kind, self._work, self._width = kind, work, width
        self._running: set[asyncio.Task[None]] = set()
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """There is something to do."""
        self._awake.set()

    async def run(self) -> None:
        """Work until cancelled. Raises what the database raises when it cannot be reached."""
        while True:
            self._awake.clear()
            await self._fill()
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._awake.wait()

    async def end(self) -> None:
        """Drop what is being worked on; its leases end by themselves."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _fill(self) -> None:
        """Claim as many jobs as there is room for; every tenant is first at some time."""
        self._tenants.rotate(1)
        for tenant in self._tenants:
            if room := self._width - len(self._running):
                await self._claim(tenant, room)

    async def _claim(self, tenant: str, room: int) -> None:
        async with self._database.transaction(tenant, NO_DEADLINE) as connection:
            jobs = await queue.claim(connection, tenant, self.kind, room)
        for job in jobs:
            task = asyncio.create_task(self._attempt(job))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.wake()

    async def _attempt(self, job: Job) -> None:
        """One attempt, and a note of how it ended; without the note the lease ends it."""
        try:
            with self._observability.span(f"{self.kind} job", SpanKind.CONSUMER, job.traceparent):
                await self._note(job)
        except LeaseLostError as error:
            _log.warning("lease lost", kind=job.kind, reason=str(error))
        except _DATABASE_LOST as error:
            _log.warning("job not noted", kind=job.kind, error=type(error).__name__)

    async def _note(self, job: Job) -> None:
        if job.attempt > self._work.attempts:
            await self._bury(job, "every worker that had it died.")
            return
        try:
            async with self._renewing(job):
                record = await self._work.perform(job)
        except HopelessError as error:
            await self._bury(job, error.sentence)
        except Exception as error:  # noqa: BLE001 - whatever it was, the job is tried again
            await self._failed(job, type(error).__name__)
        else:
            async with self._database.transaction(job.tenant, NO_DEADLINE) as connection:
                await record(connection)
                await queue.finish(connection, job)

    async def _failed(self, job: Job, reason: str) -> None:
        _log.warning("attempt failed", kind=job.kind, attempt=job.attempt, error=reason)
        if job.attempt >= self._work.attempts:
            await self._bury(job, f"{reason}, {job.attempt} times.")
            return
        seconds = pause(job.attempt)
        async with self._database.transaction(job.tenant, NO_DEADLINE) as connection:
            await queue.postpone(connection, job, seconds, reason)
        asyncio.get_running_loop().call_later(seconds, self.wake)

    async def _bury(self, job: Job, reason: str) -> None:
        _log.error("dead letter", kind=job.kind, reason=reason)
        async with self._database.transaction(job.tenant, NO_DEADLINE) as connection:
            await self._work.give_up(connection, job)
            await queue.bury(connection, job, reason)

    @asynccontextmanager
    async def _renewing(self, job: Job) -> AsyncIterator[None]:
        renewal = asyncio.create_task(self._renew(job))
        try:
            yield
        finally:
            renewal.cancel()

    async def _renew(self, job: Job) -> None:
        while True:
            await asyncio.sleep(queue.LEASE / 3)
            try:
                async with self._database.transaction(job.tenant, NO_DEADLINE) as connection:
                    await queue.renew(connection, job)
            except (LeaseLostError, *_DATABASE_LOST) as error:
                _log.warning("lease not renewed", kind=job.kind, error=type(error).__name__)
