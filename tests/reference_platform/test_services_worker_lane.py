from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

import pytest

from reference_platform import profiles
from reference_platform.database.connection import Connection
from reference_platform.decisions import queue_processing
from reference_platform.decisions.async_workflows import HopelessError
from reference_platform.decisions.queue_processing import Job, put
from reference_platform.identity import Identity
from reference_platform.services.inner import Stored
from reference_platform.services.worker.depth import QueueDepth
from reference_platform.services.worker.lane import NO_DEADLINE, Lane, Record, pause
from reference_platform.settings import Settings

KIND = "errand"


class Errand:
    """Work whose effect is counted; `fails` says how each attempt ends."""

    attempts = 4

    def __init__(self, *fails: Exception, seconds: float = 0.0) -> None:
        self.fails = list(fails)
        self.seconds = seconds
        self.begun: list[str] = []
        self.given_up: list[str] = []
        self.at_once = self.most = 0

    async def perform(self, job: Job) -> Record:
        self.begun.append(job.id)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        if self.fails:
            raise self.fails.pop(0)
        return _nothing

    async def give_up(self, connection: Connection, job: Job) -> None:  # noqa: ARG002
        self.given_up.append(job.id)


async def _nothing(connection: Connection) -> None: ...


class Bench:
    """Lanes over a queue of its own."""

    def __init__(self, settings: Settings) -> None:
        self.tenants = [f"tenant-{uuid4().hex}" for _ in "12"]
        tokens = {tenant: Identity(tenant, "clinician") for tenant in self.tenants}
        own = settings.model_copy(update={"tokens": tokens})
        self.inner = Stored("worker", own, profiles.parse("production"))

    def lane(self, work: Errand, width: int = 3) -> Lane:
        return Lane(self.inner, KIND, work, width)

    async def queue(self, count: int) -> set[str]:
        ids = {uuid4().hex for _ in range(count)}
        for n, job in enumerate(sorted(ids)):
            tenant = self.tenants[n % 2]
            async with self.inner.database.transaction(tenant, NO_DEADLINE) as connection:
                await put(connection, Job(tenant, job, KIND, {}))
        return ids

    async def states(self) -> list[tuple[str, int, str | None]]:
        found: list[tuple[str, int, str | None]] = []
        for tenant in self.tenants:
            async with self.inner.database.transaction(tenant, NO_DEADLINE) as connection:
                found += [
                    tuple(row)
                    for row in await connection.fetch("SELECT state, attempts, reason FROM jobs")
                ]
        return found

    async def unfinished(self) -> bool:
        return any(state in ("queued", "running") for state, _, _ in await self.states())

    async def run(self, *lanes: Lane) -> None:
        """Run the lanes until nothing is left to do."""
        loops = [asyncio.create_task(lane.run()) for lane in lanes]
        async with asyncio.timeout(60):
            while await self.unfinished():  # noqa: ASYNC110 - a database tells no Event
                await asyncio.sleep(0.05)
        for loop in loops:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop


def on_a_bench(settings: Settings, test: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        bench = Bench(settings)
        async with bench.inner.database:
            await test(bench)

    asyncio.run(run())


@pytest.mark.slow
def test_two_lanes_do_every_job_of_every_tenant_once(backing: Settings) -> None:
    async def test(bench: Bench) -> None:
        ids, work = await bench.queue(40), Errand(seconds=0.005)
        await bench.run(bench.lane(work), bench.lane(work))
        assert sorted(work.begun) == sorted(ids)
        assert set(await bench.states()) == {("done", 1, None)}
        assert 1 < work.most <= 6

    on_a_bench(backing, test)


@pytest.mark.slow
def test_a_job_that_fails_is_tried_again_until_it_succeeds(backing: Settings) -> None:
    async def test(bench: Bench) -> None:
        await bench.queue(1)
        work = Errand(TimeoutError(), ValueError("a name"))
        await bench.run(bench.lane(work))
        assert await bench.states() == [("done", 3, "ValueError")]

    on_a_bench(backing, test)


@pytest.mark.slow
def test_a_job_that_always_fails_is_a_dead_letter(backing: Settings) -> None:
    async def test(bench: Bench) -> None:
        ids, work = await bench.queue(1), Errand(*[TimeoutError() for _ in range(9)])
        await bench.run(bench.lane(work))
        assert await bench.states() == [("dead", 4, "TimeoutError, 4 times.")]
        assert work.given_up == list(ids)

    on_a_bench(backing, test)


@pytest.mark.slow
def test_what_is_hopeless_is_not_tried_again(backing: Settings) -> None:
    async def test(bench: Bench) -> None:
        ids, work = await bench.queue(1), Errand(HopelessError("sms: refused with 400."))
        await bench.run(bench.lane(work))
        assert await bench.states() == [("dead", 1, "sms: refused with 400.")]
        assert work.given_up == list(ids)

    on_a_bench(backing, test)


@pytest.mark.slow
def test_work_that_outlasts_its_lease_keeps_it(
    backing: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_processing, "LEASE", 0.6)

    async def test(bench: Bench) -> None:
        await bench.queue(1)
        work = Errand(seconds=1.5)
        await bench.run(bench.lane(work), bench.lane(work))
        assert await bench.states() == [("done", 1, None)]
        assert len(work.begun) == 1

    on_a_bench(backing, test)


@pytest.mark.slow
def test_work_that_kills_its_worker_is_given_up_in_the_end(
    backing: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_processing, "LEASE", 0.1)

    async def test(bench: Bench) -> None:
        ids, work = await bench.queue(1), Errand()
        for _ in range(work.attempts):  # as many workers claim it, and are never heard of again
            claimed: list[Job] = []
            while not claimed:
                for tenant in bench.tenants:
                    async with bench.inner.database.transaction(tenant, NO_DEADLINE) as connection:
                        claimed += await queue_processing.claim(connection, tenant, KIND, 1)
        await bench.run(bench.lane(work))
        assert await bench.states() == [("dead", 5, "every worker that had it died.")]
        assert (work.begun, work.given_up) == ([], list(ids))

    on_a_bench(backing, test)


@pytest.mark.slow
def test_the_depth_of_the_queue_is_a_metric(backing: Settings) -> None:
    async def test(bench: Bench) -> None:
        await bench.queue(5)
        registry = bench.inner.decisions.built_in_observability.registry
        depth = QueueDepth(bench.inner, [KIND])
        await depth.look()
        queued = {"kind": KIND, "state": "queued"}
        assert registry.get_sample_value("platform_queue_depth", queued) == 5
        oldest = registry.get_sample_value("platform_queue_oldest_seconds", {"kind": KIND})
        assert oldest is not None
        assert oldest > 0
        await bench.run(bench.lane(Errand()))
        await depth.look()
        assert registry.get_sample_value("platform_queue_depth", queued) == 0
        assert registry.get_sample_value("platform_queue_oldest_seconds", {"kind": KIND}) == 0

    on_a_bench(backing, test)


def test_pauses_grow_and_stay_bounded() -> None:
    assert pause(1) <= 0.2
    assert all(1 <= pause(attempt) <= 2 for attempt in range(6, 2000, 100))
