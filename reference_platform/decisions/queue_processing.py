"""Switch 6, "Queue-based processing": where accepted work waits until it is done.

Without it accepted work lives in the memory of the process that accepted it: a burst of it slows
every request beside it, and the death of the process loses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

import orjson
import structlog

from reference_platform import tracing
from reference_platform.database.connection import Connection

LEASE = 2.0
"""Seconds for which a job belongs to who claimed it, unless the lease is renewed."""
_log = structlog.get_logger("reference_platform")


class LeaseLostError(Exception):
    """Somebody else has the job by now; nothing that its former holder did may be recorded."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work to be done once for `tenant`.

    `payload` is JSON. A job that was claimed also knows the `traceparent` of the request that it
    comes from, the number of this attempt, and the lease under which it is held.
    """

    tenant: str
    id: str
    kind: str
    payload: Mapping[str, Any]
    traceparent: str | None = None
    attempt: int = 1
    lease: str = ""


Perform = Callable[[Job], Awaitable[None]]


class QueueProcessing(Protocol):
    """What happens to a job between its acceptance and its work."""

    async def accept(self, connection: Connection, job: Job) -> None:
        """Take `job` on, in the transaction that accepts it."""
        ...

    def accepted(self, job: Job, perform: Perform) -> None:
        """See to it that `job` is performed, now that its acceptance is committed."""
        ...


class Pilot:
    """A background task in the process that answered the request."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, connection: Connection, job: Job) -> None:
        """Nothing is kept."""

    def accepted(self, job: Job, perform: Perform) -> None:
        """Start at once, beside everything that was started before."""
        task = asyncio.create_task(_performed(job, perform))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _performed(job: Job, perform: Perform) -> None:
    try:
        await perform(job)
    except Exception as error:  # noqa: BLE001 - nobody waits for this task; the log is all there is
        _log.warning("background task failed", kind=job.kind, error=type(error).__name__)


class Production:
    """A row beside what was accepted, in its transaction; whoever leases the row does the work."""

    async def accept(self, connection: Connection, job: Job) -> None:
        """Put it into the queue: committed together with what it is about, or not at all."""
        await put(connection, job)

    def accepted(self, job: Job, perform: Perform) -> None:
        """Nothing: the worker's lanes find it."""


async def put(connection: Connection, job: Job) -> None:
    """Queue `job`, as a part of the current trace."""
    await connection.execute(
        "INSERT INTO jobs (tenant, id, kind, payload, traceparent) VALUES ($1, $2, $3, $4, $5)",
        job.tenant, job.id, job.kind, orjson.dumps(job.payload).decode(), tracing.traceparent(),
    )  # fmt: skip


async def claim(connection: Connection, tenant: str, kind: str, count: int) -> list[Job]:
    """Lease up to `count` jobs that nobody works on, the longest waiting first.

    A job is free when it is queued and due, or when the lease of who had it is over. Two who claim
    at once never wait for each other and never get the same job.
    """
    lease = uuid4().hex
    rows = await connection.fetch(
        "WITH free AS MATERIALIZED ("
        " SELECT id FROM jobs WHERE tenant = $1 AND kind = $2 AND state IN ('queued', 'running')"
        " AND available_at <= now() AND (leased_until IS NULL OR leased_until <= now())"
        " ORDER BY available_at LIMIT $3 FOR UPDATE SKIP LOCKED) "
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = $4, "
        "leased_until = clock_timestamp() + make_interval(secs => $5) "
        "FROM free WHERE jobs.id = free.id AND jobs.kind = $2 "
        "RETURNING jobs.id, payload::text, traceparent, attempts",
        tenant, kind, count, lease, LEASE,
    )  # fmt: skip
    return [
        Job(tenant, row["id"], kind, orjson.loads(row["payload"]), row["traceparent"],
            row["attempts"], lease)
        for row in rows
    ]  # fmt: skip


async def renew(connection: Connection, job: Job) -> None:
    """Hold `job` for another `LEASE`; LeaseLostError when it is no longer held."""
    await _change(
        connection, job, "leased_until = clock_timestamp() + make_interval(secs => $4)", LEASE
    )


async def finish(connection: Connection, job: Job) -> None:
    """The job is done; LeaseLostError as `renew`, so that its effects are rolled back with it.

    Its payload, which tells about a patient, has no more use.
    """
    change = "state = 'done', payload = '{}', leased_until = NULL, lease = NULL"
    await _change(connection, job, change)


async def postpone(connection: Connection, job: Job, seconds: float, reason: str) -> None:
    """The attempt failed for this `reason`; the next one is due in `seconds`."""
    await _change(
        connection,
        job,
        "state = 'queued', leased_until = NULL, lease = NULL, reason = $5, "
        "available_at = clock_timestamp() + make_interval(secs => $4)",
        seconds,
        reason,
    )


async def bury(connection: Connection, job: Job, reason: str) -> None:
    """The job is a dead letter: nobody tries again."""
    change = "state = 'dead', leased_until = NULL, lease = NULL, reason = $4"
    await _change(connection, job, change, reason)


async def _change(connection: Connection, job: Job, change: str, *values: object) -> None:
    held = await connection.fetchval(
        f"UPDATE jobs SET {change} "  # noqa: S608 - one of the constants above
        "WHERE id = $1 AND kind = $2 AND lease = $3 AND state = 'running' RETURNING 1",
        job.id, job.kind, job.lease, *values,
    )  # fmt: skip
    if held is None:
        raise LeaseLostError(f"{job.kind} {job.id}: its lease is over.")
