from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_platform.decisions.admission_control import (
    CLASSES,
    AdmissionControl,
    Limiter,
    Pilot,
    Production,
)
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.services.gateway.operations import OPERATIONS

CLINICAL, ROUTINE, BULK = range(3)
ANY_TIME = Deadline(None)


async def hold(limiter: Limiter, tenant: str, rank: int, seconds: float) -> str:
    """What became of one request: `served` or `shed`."""
    try:
        await limiter.acquire(tenant, rank, None)
    except Refusal:
        return "shed"
    try:
        await asyncio.sleep(seconds)
        return "served"
    finally:
        limiter.release(tenant, seconds)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 8),
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.integers(0, 4), st.integers(0, 6)),
        max_size=60,
    ),
)
def test_never_more_than_the_limit_and_no_permit_is_lost_to_cancellation(
    permits: int, requests: list[tuple[str, int, int, int]]
) -> None:
    """Every request may be cancelled after some turns of the loop, wherever it is by then."""

    async def run() -> None:
        limiter = Limiter(permits, queue=20, patience=0.005)
        most = 0

        async def request(tenant: str, rank: int, turns: int, life: int) -> None:
            nonlocal most
            task = asyncio.create_task(worker(tenant, rank, turns))
            for _ in range(life):
                await asyncio.sleep(0)
            if life < 5:
                task.cancel()
            with suppress(asyncio.CancelledError, Refusal):
                await task

        async def worker(tenant: str, rank: int, turns: int) -> None:
            nonlocal most
            await limiter.acquire(tenant, rank, None)
            try:
                most = max(most, limiter.in_use)
                for _ in range(turns):
                    await asyncio.sleep(0)
            finally:
                limiter.release(tenant, 0.0)

        await asyncio.gather(*(request(*each) for each in requests))
        assert most <= permits
        assert (limiter.in_use, limiter.waiting) == (0, 0)
        for _ in range(permits):
            await limiter.acquire("a", CLINICAL, None)

    asyncio.run(run())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 2)), min_size=40, max_size=120))
def test_clinical_work_is_served_before_all_that_waits(others: list[tuple[str, int]]) -> None:
    async def run() -> list[str]:
        limiter = Limiter(permits=4, queue=30, patience=5)
        flood = [asyncio.create_task(hold(limiter, *each, 0.0005)) for each in others]
        await asyncio.sleep(0)
        clinical = [hold(limiter, "a", CLINICAL, 0.0005) for _ in range(10)]
        served = await asyncio.gather(*clinical)
        await asyncio.gather(*flood)
        return served

    assert asyncio.run(run()) == ["served"] * 10


def test_a_quiet_tenant_waits_for_one_request_and_not_for_the_other_tenants_line() -> None:
    async def run() -> int:
        limiter = Limiter(permits=4, queue=100, patience=5)
        noisy = [asyncio.create_task(hold(limiter, "noisy", 1, 0.002)) for _ in range(80)]
        await asyncio.sleep(0)
        assert await hold(limiter, "quiet", 1, 0) == "served"
        waiting = limiter.waiting
        await asyncio.gather(*noisy)
        return waiting

    assert asyncio.run(run()) >= 60


def test_a_quiet_tenants_routine_work_goes_beside_another_ones_urgent_flood() -> None:
    """Even with a full queue and no permit left that routine work may take."""

    async def run() -> tuple[list[str], Counter[str]]:
        limiter = Limiter(permits=4, queue=20, patience=5)
        noisy = [asyncio.create_task(hold(limiter, "noisy", CLINICAL, 0.002)) for _ in range(24)]
        await asyncio.sleep(0)
        quiet = await asyncio.gather(*(hold(limiter, "quiet", ROUTINE, 0) for _ in range(2)))
        assert limiter.waiting >= 12
        return quiet, Counter(await asyncio.gather(*noisy))

    quiet, noisy = asyncio.run(run())
    assert quiet == ["served", "served"]
    assert noisy == {"served": 22, "shed": 2}


def test_a_full_queue_sheds_the_longest_line_and_the_least_urgent_first() -> None:
    async def run() -> list[Counter[str]]:
        limiter = Limiter(permits=1, queue=10, patience=5)

        async def many(tenant: str, rank: int, count: int) -> list[asyncio.Task[str]]:
            tasks = [asyncio.create_task(hold(limiter, tenant, rank, 0)) for _ in range(count)]
            await asyncio.sleep(0)
            return tasks

        await limiter.acquire("first", CLINICAL, None)
        groups = [
            await many("noisy", BULK, 8),
            await many("noisy", ROUTINE, 8),
            await many("quiet", ROUTINE, 2),
            await many("noisy", CLINICAL, 2),
        ]
        limiter.release("first", 0)
        return [Counter(await asyncio.gather(*group)) for group in groups]

    bulk, routine, quiet, clinical = asyncio.run(run())
    assert bulk == {"shed": 8}
    assert (routine["shed"], quiet["shed"], clinical["shed"]) == (2, 0, 0)


def test_who_would_come_too_late_is_told_at_once() -> None:
    async def run() -> None:
        limiter = Limiter(permits=1, queue=100, patience=0.1)
        await limiter.acquire("a", CLINICAL, None)
        limiter.release("a", 100.0)  # requests are known to take long
        await limiter.acquire("a", CLINICAL, None)
        refusals = [hold(limiter, "b", CLINICAL, 0) for _ in range(50)]
        assert await asyncio.gather(*refusals) == ["shed"] * 50
        with pytest.raises(Refusal) as refusal:
            await limiter.acquire("b", CLINICAL, 0.0)
        assert (refusal.value.status, refusal.value.headers) == (503, {"Retry-After": "1"})

    asyncio.run(run())


async def admitted_at_once(control: AdmissionControl, count: int) -> int:
    admitted = 0
    async with AsyncExitStack() as stack:
        for _ in range(count):
            try:
                await stack.enter_async_context(control.permit("a", "clinical", ANY_TIME))
            except Refusal:
                continue
            admitted += 1
    return admitted


def test_concurrency_is_bounded_in_production_only() -> None:
    assert asyncio.run(admitted_at_once(Pilot(), 40)) == 40
    assert asyncio.run(admitted_at_once(Production(limiter=Limiter(8, patience=0.001)), 40)) == 8


def test_a_quota_is_one_tenants_own() -> None:
    async def run() -> None:
        control = Production(quota="3/minute")
        for _ in range(3):
            async with control.permit("a", "routine", ANY_TIME):
                pass
        with pytest.raises(Refusal) as refusal:
            async with control.permit("a", "routine", ANY_TIME):
                pass
        async with control.permit("b", "bulk", ANY_TIME):
            pass
        assert refusal.value.status == 429
        assert 1 <= int((refusal.value.headers or {})["Retry-After"]) <= 60

    asyncio.run(run())


def test_the_classes_are_those_of_the_operations() -> None:
    assert {operation.priority for operation in OPERATIONS} <= set(CLASSES)


CALLERS = 60
QUIET = 40


@contextmanager
def platform_of(profile: str, data: Path) -> Iterator[str]:
    """A whole platform in processes of its own; yields its URL."""
    tokens = {f"PLATFORM_TOKEN_{name.upper()}_CLINICIAN": name for name in ("quiet", "noisy")}
    command = [
        sys.executable,
        "-m",
        "reference_platform",
        "--profile",
        profile,
        "--data",
        str(data),
    ]
    with (data.parent / f"{data.name}.err").open("wb") as errors:
        process = subprocess.Popen(
            command, env={**os.environ, **tokens}, stdout=subprocess.PIPE, stderr=errors
        )
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["base_url"])
    finally:
        process.terminate()
        process.communicate(timeout=60)


async def beside_a_flood(url: str) -> tuple[int, Counter[int]]:
    """How many of a quiet tenant's requests are served, and how the flood was answered."""
    statuses: Counter[int] = Counter()
    quiet, noisy = ({"Authorization": f"Bearer {name}"} for name in ("quiet", "noisy"))
    resource = {"resourceType": "Patient", "name": [{"family": "Flood"}]}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        for _ in range(30):
            await session.post("/v1/fhir/Patient", json=resource, headers=noisy)
        known = await session.post("/v1/fhir/Patient", json=resource, headers=quiet)
        allergies = f"/v1/patients/{(await known.json())['id']}/allergies"

        async def ask(place: str, headers: dict[str, str]) -> int:
            async with session.get(place, headers=headers) as answer:
                await answer.read()
                return answer.status

        async def keep_asking() -> None:
            while True:
                statuses[await ask("/v1/fhir/Patient?family=Flood&_count=30", noisy)] += 1

        flood = [asyncio.create_task(keep_asking()) for _ in range(CALLERS)]
        await asyncio.sleep(1)
        served = [await ask(allergies, quiet) for _ in range(QUIET)].count(200)
        for each in flood:
            each.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
    return served, statuses


@pytest.mark.slow
def test_beside_a_flood_the_quiet_tenant_is_served_in_production(tmp_path: Path) -> None:
    served = {}
    for profile in ("production", "production-admission_control"):
        with platform_of(profile, tmp_path / profile) as url:
            served[profile], statuses = asyncio.run(beside_a_flood(url))
        assert set(statuses) <= {200, 429, 503, 504}
    assert served["production"] >= 0.95 * QUIET
    assert served["production-admission_control"] < served["production"]
