"""Answers charts from the cache while they are fresh."""

from __future__ import annotations

from http import HTTPStatus

from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.chart_cache import CacheLostError, ChartCache
from reference_platform.services.gateway.exchange import Exchange, Proceed
from reference_platform.services.gateway.operations import CHART


class ChartCaching:
    """Keeps charts that were made, and hands them out again."""

    def __init__(self, cache: ChartCache) -> None:
        self._cache = cache

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """The cached chart, or a new one; without the cache everything is new."""
        if exchange.operation is not CHART:
            return await proceed(exchange)
        tenant, patient = exchange.who.tenant, exchange.request.path_params["id"]
        try:
            cached = await self._cache.get(tenant, patient, exchange.deadline)
        except CacheLostError:
            return await proceed(exchange)
        if cached is not None:
            return Reply(HTTPStatus.OK, {}, cached)
        reply = await proceed(exchange)
        if reply.status == HTTPStatus.OK:
            await self._keep(exchange, patient, reply.body)
        return reply

    async def _keep(self, exchange: Exchange, patient: str, chart: bytes) -> None:
        try:
            await self._cache.put(exchange.who.tenant, patient, chart, exchange.deadline)
        except CacheLostError:
            return  # the chart is in hand; the next reader pays
