from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from reference_platform.database import Database
from reference_platform.decisions import (
    crash_recovery,
    queue_processing,
    tenant_isolation,
    timeouts_deadlines,
)
from reference_platform.decisions.queue_processing import (
    Job,
    LeaseLostError,
    Pilot,
    Production,
    bury,
    claim,
    finish,
    postpone,
    put,
    renew,
)
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.settings import Settings

NEVER = Deadline(None)


def with_database(settings: Settings, test: Callable[[Database, str], Awaitable[None]]) -> None:
    """Run `test` with a pool, and a tenant whose queue no running platform looks at."""

    async def run() -> None:
        database = Database(
            settings,
            "worker",
            tenant_isolation.Production(),
            timeouts_deadlines.Production(),
            crash_recovery.Production(),
        )
        async with database:
            await test(database, f"tenant-{uuid4().hex}")

    asyncio.run(run())


async def queued(database: Database, tenant: str, count: int) -> set[str]:
    jobs = [Job(tenant, uuid4().hex, "letter", {"n": n}) for n in range(count)]
    async with database.transaction(tenant, NEVER) as connection:
        for job in jobs:
            await put(connection, job)
    return {job.id for job in jobs}


async def taken(database: Database, tenant: str, count: int = 1) -> list[Job]:
    async with database.transaction(tenant, NEVER) as connection:
        return await claim(connection, tenant, "letter", count)


async def state(database: Database, job: Job) -> tuple[Any, ...]:
    async with database.transaction(job.tenant, NEVER) as connection:
        row = await connection.fetchrow(
            "SELECT state, attempts, reason, payload::text FROM jobs WHERE id = $1", job.id
        )
    return tuple(row)


@pytest.mark.slow
def test_no_job_has_two_holders_however_many_claim_at_once(backing: Settings) -> None:
    async def test(database: Database, tenant: str) -> None:
        ids = await queued(database, tenant, 120)

        async def claimer(count: int) -> list[str]:
            mine: list[str] = []
            while jobs := await taken(database, tenant, count):
                mine += [job.id for job in jobs]
            return mine

        shares = await asyncio.gather(*(claimer(1 + n % 3) for n in range(8)))
        everything = [job for share in shares for job in share]
        assert sorted(everything) == sorted(ids)
        assert sum(bool(share) for share in shares) > 1

    with_database(backing, test)


@pytest.mark.slow
def test_who_claims_does_not_wait_for_who_is_claiming(backing: Settings) -> None:
    async def test(database: Database, tenant: str) -> None:
        await queued(database, tenant, 2)
        async with database.transaction(tenant, NEVER) as connection:
            (first,) = await claim(connection, tenant, "letter", 1)
            async with asyncio.timeout(5):
                (second,) = await taken(database, tenant)
        assert first.id != second.id

    with_database(backing, test)


@pytest.mark.slow
def test_a_job_is_taken_again_when_its_lease_is_over_and_not_before(
    backing: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(database: Database, tenant: str) -> None:
        await queued(database, tenant, 1)
        (first,) = await taken(database, tenant)
        assert await taken(database, tenant) == []
        monkeypatch.setattr(queue_processing, "LEASE", 0.2)
        async with database.transaction(tenant, NEVER) as connection:
            await renew(connection, first)
        assert await taken(database, tenant) == []
        await asyncio.sleep(0.25)
        (second,) = await taken(database, tenant)
        assert (second.id, second.attempt) == (first.id, 2)
        for late in (renew, finish):
            with pytest.raises(LeaseLostError):
                async with database.transaction(tenant, NEVER) as connection:
                    await late(connection, first)
        async with database.transaction(tenant, NEVER) as connection:
            await finish(connection, second)
        assert await state(database, second) == ("done", 2, None, "{}")
        await asyncio.sleep(0.25)
        assert await taken(database, tenant) == []

    with_database(backing, test)


@pytest.mark.slow
def test_a_postponed_job_comes_back_and_a_dead_one_does_not(backing: Settings) -> None:
    async def test(database: Database, tenant: str) -> None:
        await queued(database, tenant, 1)
        (job,) = await taken(database, tenant)
        async with database.transaction(tenant, NEVER) as connection:
            await postpone(connection, job, 0.2, "sms was away")
        assert await taken(database, tenant) == []
        await asyncio.sleep(0.25)
        (job,) = await taken(database, tenant)
        async with database.transaction(tenant, NEVER) as connection:
            await bury(connection, job, "no such number")
        assert await state(database, job) == ("dead", 2, "no such number", '{"n": 0}')
        assert await taken(database, tenant) == []

    with_database(backing, test)


@pytest.mark.slow
def test_production_keeps_a_job_exactly_when_its_acceptance_is_committed(backing: Settings) -> None:
    async def test(database: Database, tenant: str) -> None:
        async def accepted_by_a_caller_that_fails() -> None:
            async with database.transaction(tenant, NEVER) as connection:
                await Production().accept(connection, Job(tenant, "1", "letter", {}))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await accepted_by_a_caller_that_fails()
        assert await taken(database, tenant) == []
        job = Job(tenant, uuid4().hex, "letter", {"patient": "p"})
        async with database.transaction(tenant, NEVER) as connection:
            await Production().accept(connection, job)
        assert [(one.id, one.payload) for one in await taken(database, tenant)] == [
            (job.id, {"patient": "p"})
        ]

    with_database(backing, test)


@pytest.mark.slow
def test_another_tenant_s_jobs_are_not_there(backing: Settings) -> None:
    async def test(database: Database, tenant: str) -> None:
        await queued(database, tenant, 1)
        async with database.transaction("somebody-else", NEVER) as connection:
            assert await claim(connection, tenant, "letter", 1) == []

    with_database(backing, test)


def test_pilot_performs_everything_at_once_and_keeps_nothing() -> None:
    async def test() -> None:
        pilot, begun, release = Pilot(), [0], asyncio.Event()

        async def perform(job: Job) -> None:
            begun[0] += 1
            await release.wait()
            raise ValueError(job.id)

        for n in range(50):
            pilot.accepted(Job("t", str(n), "letter", {}), perform)
        await asyncio.sleep(0)
        assert begun == [50]
        release.set()
        await asyncio.sleep(0.01)  # they fail, and nobody hears of it

    asyncio.run(test())
