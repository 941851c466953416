"""Switch 17, "Workloads were not distributed": who may wait for whom.

Without it one slow dependency takes every permit there is, and requests that never needed it
wait in the same queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from reference_platform.outcomes import Refusal


class Bulkheads(Protocol):
    """Permits for calls to the dependencies of one process."""

    def permit(self, dependency: str) -> AbstractAsyncContextManager[None]:
        """Hold a permit while calling `dependency`; Refusal 503 when none is to be had."""
        ...


class Pilot:
    """One pool of permits for everything; whoever comes waits."""

    permits = 20

    def __init__(self) -> None:
        self._shared = asyncio.Semaphore(self.permits)

    @asynccontextmanager
    async def permit(self, dependency: str) -> AsyncIterator[None]:  # noqa: ARG002
        """Hold one of the shared permits."""
        async with self._shared:
            yield


@dataclass(frozen=True, slots=True)
class Limit:
    """How many calls at once, and for how many seconds one more may wait."""

    permits: int
    patience: float


class Production:
    """A pool per dependency. The hub's own limits are below the gateway's for the hub, so that
    one dead partner never uses up the hub.
    """

    limits: ClassVar = {
        "records": Limit(20, 0.05),
        "scheduling": Limit(10, 0.05),
        "hub": Limit(10, 0.05),
        "cds": Limit(20, 0.05),
        "worker": Limit(20, 0.05),
        "valkey": Limit(20, 0.01),
        "insurer": Limit(5, 0.02),
        "ehr": Limit(5, 0.02),
        "fhir_partner": Limit(5, 0.02),
        "sms": Limit(5, 0.02),
    }

    def __init__(self) -> None:
        self._pools = {name: asyncio.Semaphore(x.permits) for name, x in self.limits.items()}

    @asynccontextmanager
    async def permit(self, dependency: str) -> AsyncIterator[None]:
        """Hold one of the dependency's own permits."""
        pool = self._pools[dependency]
        try:
            async with asyncio.timeout(self.limits[dependency].patience):
                await pool.acquire()
        except TimeoutError:
            raise _full(dependency) from None
        try:
            yield
        finally:
            pool.release()


def _full(dependency: str) -> Refusal:
    sentence = f"{dependency}: as many calls as it takes are in flight. Ask again in a second."
    return Refusal(503, sentence, headers={"Retry-After": "1"})
