from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from reference_platform.decisions.bulkheads import Bulkheads, Pilot, Production
from reference_platform.outcomes import Refusal

from .conftest import Start, patient


async def others_get_through(bulkheads: Bulkheads, hanging: int) -> bool:
    """Whether `records` can be called while `hanging` calls of the insurer do not end."""
    async with AsyncExitStack() as stack:
        for _ in range(hanging):
            await stack.enter_async_context(bulkheads.permit("insurer"))
        try:
            async with asyncio.timeout(0.2), bulkheads.permit("records"):
                return True
        except TimeoutError:
            return False


def test_a_hanging_insurer_takes_the_permits_of_all_in_pilot_only() -> None:
    assert asyncio.run(others_get_through(Pilot(), Pilot.permits - 1))
    assert not asyncio.run(others_get_through(Pilot(), Pilot.permits))
    permits = Production.limits["insurer"].permits
    assert asyncio.run(others_get_through(Production(), permits))


def test_a_full_pool_refuses_at_once_and_says_when_to_ask_again() -> None:
    async def one_too_many() -> Refusal:
        bulkheads = Production()
        async with AsyncExitStack() as stack:
            for _ in range(bulkheads.limits["hub"].permits):
                await stack.enter_async_context(bulkheads.permit("hub"))
            with pytest.raises(Refusal) as refusal:
                await stack.enter_async_context(bulkheads.permit("hub"))
        async with bulkheads.permit("hub"):
            return refusal.value

    refusal = asyncio.run(one_too_many())
    assert refusal.status == 503
    assert refusal.headers == {"Retry-After": "1"}


def test_the_limits_are_the_published_ones() -> None:
    limits = Production.limits
    assert [limits[name].permits for name in ("records", "scheduling", "hub")] == [20, 10, 10]
    assert all(limit.patience <= 0.05 for limit in limits.values())
    assert limits["insurer"].permits + limits["ehr"].permits <= limits["hub"].permits


def test_permits_come_back_after_errors() -> None:
    async def fail_often(bulkheads: Bulkheads) -> None:
        for _ in range(50):
            with pytest.raises(KeyError):
                async with bulkheads.permit("ehr"):
                    raise KeyError

    asyncio.run(fail_often(Pilot()))
    asyncio.run(fail_often(Production()))


@pytest.mark.slow
def test_a_hung_insurer_leaves_laboratory_requests_alone(start: Start, silent: str) -> None:
    platform = start("production-timeouts_deadlines", edge_hub_insurer=silent)
    with platform.client() as client:
        known = patient(client)
    question = {"patient": known, "payer": "p", "member": "m"}
    statuses = asyncio.run(_ask_many(platform.base_url, question, 12))
    with platform.client() as client:
        lab = client.post("/v1/lab-requests", json={"patient": known, "code": "718-7"})
    assert lab.status_code == 201
    assert statuses.count(503) == 12 - Production.limits["insurer"].permits


async def _ask_many(base_url: str, question: dict[str, str], count: int) -> list[int]:
    """Statuses of simultaneous questions; 0 for one that is not answered in 2 seconds."""
    headers = {"Authorization": "Bearer token-of-riverside"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=2) as client:

        async def ask() -> int:
            try:
                return (await client.post("/v1/eligibility", json=question)).status_code
            except httpx.TimeoutException:
                return 0

        return await asyncio.gather(*(ask() for _ in range(count)))
