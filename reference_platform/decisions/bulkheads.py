"""Switch 17, "Workloads were not distributed": who may wait for whom.

Without it one slow dependency takes every permit there is, and requests that never needed it
wait in the same queue.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from reference_platform.dependencies import NotAskedError


class Bulkheads(Protocol):
    """Permits for calls to the dependencies of one process."""

    def permit(self, dependency: str) -> AbstractAsyncContextManager[None]:
        """Hold a permit while calling `dependency`; NotAskedError when none is to be had."""
        ...


class Pilot:
    """One pool for everything, of the size that connection pools come with; whoever comes waits."""

    permits = 10

    def __init__(self) -> None:
        self._shared = asyncio.Semaphore(self.permits)

    def permit(self, dependency: str) -> AbstractAsyncContextManager[None]:  # noqa: ARG002
        """Hold one of the shared permits."""
        return self._shared


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
        self._permits = {name: Permit(name, limit) for name, limit in self.limits.items()}

    def permit(self, dependency: str) -> AbstractAsyncContextManager[None]:
        """Hold one of the dependency's own permits."""
        return self._permits[dependency]


class Permit:
    """The permits of one dependency; entered by every call that holds one."""

    def __init__(self, dependency: str, limit: Limit) -> None:
        self._dependency = dependency
        self._patience = limit.patience
        self._pool = asyncio.Semaphore(limit.permits)

    async def __aenter__(self) -> None:
        """Take one, at once if there is one: a timer would cost more than all the rest."""
        if not self._pool.locked():
            await self._pool.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._pool.acquire()
        except TimeoutError:
            sentence = f"{self._dependency}: as many calls as it takes are in flight."
            raise NotAskedError(f"{sentence} Ask again in a second.") from None

    async def __aexit__(self, *_: object) -> None:
        """Give it back."""
        self._pool.release()
