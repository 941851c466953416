"""Prometheus metrics of one service: requests in flight, and requests answered."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_APART = ("/metrics", "/health/")  # asked by whoever watches; they are no work

_ROUTE = "reference_platform.route"


class Metrics:
    """The registry of one service, and the route that shows it."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.service = service
        self.in_flight = Gauge(
            "platform_requests_in_flight",
            "Requests that have begun and not ended.",
            ["service"],
            registry=self.registry,
        ).labels(service)
        self.requests = Counter(
            "platform_requests",
            "Requests that have ended.",
            ["service", "route", "status"],
            registry=self.registry,
        )

    async def show(self, _request: Request) -> Response:
        """`GET /metrics`."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


class CountedRoute(Route):
    """A route that is counted by its path, not by the ids in it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Starlette has it; besides, the scope learns which route it took."""
        match, child = super().matches(scope)
        return match, {**child, _ROUTE: self.path} if match is not Match.NONE else child


class Telemetry:
    """ASGI middleware that keeps the metrics."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request, if it is one and does work."""
        if scope["type"] != "http" or scope["path"].startswith(_APART):
            await self._app(scope, receive, send)
            return
        statuses = [500]

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        with self._metrics.in_flight.track_inprogress():
            try:
                await self._app(scope, receive, noting)
            finally:
                self._count(scope, statuses[-1])

    def _count(self, scope: Scope, status: int) -> None:
        route = scope.get(_ROUTE, "unmatched")
        self._metrics.requests.labels(self._metrics.service, route, status).inc()
