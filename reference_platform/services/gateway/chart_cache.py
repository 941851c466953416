"""Charts that were read a moment ago, in Valkey. The platform works without it, only slower."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

from valkey.asyncio import Valkey
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.exceptions import ValkeyError

from reference_platform.decisions import Decisions
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.settings import Settings

TTL_SECONDS = 2
_T = TypeVar("_T")


class CacheLostError(Exception):
    """The cache gave no answer in its time; go on without it."""


class ChartCache:
    """Charts by tenant and patient. Enter it to make its client, leave it to close it."""

    def __init__(self, settings: Settings, decisions: Decisions) -> None:
        self._url = settings.cache_url("gateway")
        self._key = decisions.tenant_isolation.cache_key
        self._patience = decisions.timeouts_deadlines.cache
        self._bulkheads = decisions.bulkheads
        self._client: Valkey

    async def __aenter__(self) -> Self:
        """Connects when first used."""
        self._client = Valkey.from_url(
            self._url,
            socket_timeout=self._patience,
            socket_connect_timeout=self._patience,
            retry=Retry(NoBackoff(), 0),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, tenant: str, patient: str, deadline: Deadline) -> bytes | None:
        """The chart as it was stored, None when it is not there; CacheLostError."""
        key = self._key(tenant, "chart", patient)
        return await self._ask(lambda: self._client.get(key), deadline)

    async def put(self, tenant: str, patient: str, chart: bytes, deadline: Deadline) -> None:
        """Keep the chart for TTL_SECONDS; CacheLostError."""
        key = self._key(tenant, "chart", patient)
        await self._ask(lambda: self._client.set(key, chart, ex=TTL_SECONDS), deadline)

    async def _ask(self, command: Callable[[], Awaitable[_T]], deadline: Deadline) -> _T:
        limit = deadline.within(self._patience)
        try:
            async with self._bulkheads.permit("valkey"), limit.scope():
                return await command()
        except (ValkeyError, OSError, Refusal, asyncio.IncompleteReadError) as error:
            raise CacheLostError(str(error)) from error
