"""How much is waiting in the queue, and for how long, as metrics of the worker."""

from __future__ import annotations

import asyncio
from collections import Counter

from prometheus_client import Gauge

from reference_platform.services.inner import Stored
from reference_platform.services.worker.lane import NO_DEADLINE

_INTERVAL = 2.0  # seconds
_STATES = ("queued", "running", "dead")


class QueueDepth:
    """`platform_queue_depth` by kind and state, `platform_queue_oldest_seconds` by kind."""

    def __init__(self, inner: Stored, kinds: list[str]) -> None:
        self._inner = inner
        self._kinds = kinds
        registry = inner.decisions.built_in_observability.registry
        self._depth = Gauge(
            "platform_queue_depth", "Jobs that are not done.", ["kind", "state"], registry=registry
        )
        self._oldest = Gauge(
            "platform_queue_oldest_seconds",
            "Since when the oldest job has waited that is neither done nor dead.",
            ["kind"],
            registry=registry,
        )

    async def run(self) -> None:
        """Look every two seconds, until cancelled. Raises what the database raises."""
        while True:
            await self.look()
            await asyncio.sleep(_INTERVAL)

    async def look(self) -> None:
        """Bring the metrics up to date."""
        depth: Counter[tuple[str, str]] = Counter()
        oldest: dict[str, float] = {}
        for tenant in self._inner.settings.tenants:
            async with self._inner.database.transaction(tenant, NO_DEADLINE) as connection:
                rows = await connection.fetch(
                    "SELECT kind, state, count(*), "
                    "extract(epoch FROM now() - min(created_at))::float AS age "
                    "FROM jobs WHERE tenant = $1 AND state <> 'done' GROUP BY kind, state",
                    tenant,
                )
            for kind, state, count, age in rows:
                depth[kind, state] += count
                if state != "dead":
                    oldest[kind] = max(oldest.get(kind, 0.0), age)
        for kind in self._kinds:
            self._oldest.labels(kind).set(oldest.get(kind, 0.0))
            for state in _STATES:
                self._depth.labels(kind, state).set(depth[kind, state])
