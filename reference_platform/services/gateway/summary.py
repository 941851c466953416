"""A patient's chart with the score: what the gateway puts together itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson

from reference_platform.decisions.graceful_degradation import SHOWN, GracefulDegradation
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.gateway.exchange import Exchange

_LATEST = "assessments?count=1"


class Summaries:
    """Charts from records, scores from cds; without cds the chart is still worth having."""

    def __init__(
        self,
        services: Mapping[str, Downstream],
        degradation: GracefulDegradation,
        now: Callable[[], datetime],
    ) -> None:
        self._services = services
        self._degradation = degradation
        self._now = now

    async def read(self, exchange: Exchange) -> Reply:
        """`GET /v1/patients/{id}/summary`."""
        known: tuple[Reply, Mapping[str, Any] | None] = await asyncio.gather(
            self._ask("records", f"/v1/patients/{_patient(exchange)}/chart", exchange),
            self._score(exchange),
        )
        chart, score = known
        if chart.status != HTTPStatus.OK:
            return chart
        degraded: list[str] = []
        if score is None:
            last = await self._last(exchange)
            score, degraded = self._degradation.summary(last, self._now())
        told = b'"news2":%b,"degraded":%b' % (orjson.dumps(score), orjson.dumps(degraded))
        return Reply(HTTPStatus.OK, {}, b'{"chart":%b,%b}' % (chart.body, told))

    async def _score(self, exchange: Exchange) -> Mapping[str, Any] | None:
        """The score as it is now, None when cds does not tell it."""
        try:
            reply = await self._ask("cds", f"/v1/patients/{_patient(exchange)}/news2", exchange)
        except (Refusal, TimeoutError):
            return None
        return _shown(orjson.loads(reply.body)) if reply.status == HTTPStatus.OK else None

    async def _last(self, exchange: Exchange) -> Mapping[str, Any] | None:
        """The last score that was kept; None when there is none, or none that can be read."""
        place = f"/internal/patients/{_patient(exchange)}/{_LATEST}"
        try:
            reply = await self._ask("records", place, exchange)
        except (Refusal, TimeoutError):
            return None
        rows = orjson.loads(reply.body) if reply.status == HTTPStatus.OK else []
        return _shown(rows[0]["content"]) if rows and "score" in rows[0]["content"] else None

    async def _ask(self, service: str, target: str, exchange: Exchange) -> Reply:
        # For cds something stands in; the time for asking twice is better spent on that.
        return await self._services[service].send(
            "GET",
            target,
            exchange.deadline,
            exchange.who.header(),
            repeatable=service == "records",
        )


def _patient(exchange: Exchange) -> str:
    patient: str = exchange.request.path_params["id"]
    return patient


def _shown(score: Mapping[str, Any]) -> dict[str, Any]:
    return {name: score[name] for name in SHOWN if name in score}
