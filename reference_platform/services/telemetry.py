"""Metrics, spans and log lines of one service's requests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from opentelemetry.trace import Span, SpanKind
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference_platform import tracing
from reference_platform.decisions import Decisions
from reference_platform.outcomes import Refusal
from reference_platform.services.logs import Voice

SLOW_SECONDS = 1.0
"""A request that took longer gets a line in the log, as one that failed does."""
_FAILED = 400
_APART = ("/metrics", "/health/")  # asked by whoever watches; they are no work

_ROUTE = "reference_platform.route"
_TRACEPARENT = tracing.HEADER.encode()


class Metrics:
    """The request metrics of one service, and the route that shows all of its registry."""

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self.registry = registry
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

    @cached_property
    def _beginning(self) -> str:
        return self.path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Starlette has it; besides, the scope learns which route it took.

        Every request asks every route before its own, so most have to say no at once.
        """
        if scope["type"] == "http" and not scope["path"].startswith(self._beginning):
            return Match.NONE, {}
        match, child = super().matches(scope)
        return match, {**child, _ROUTE: self.path} if match is not Match.NONE else child


def route_of(scope: Scope) -> str:
    """The path of the route that the request took, with the names of its ids."""
    route: str = scope.get(_ROUTE, "unmatched")
    return route


class Telemetry:
    """ASGI middleware: counts every request, spans it, and tells the log what went wrong."""

    def __init__(self, app: ASGIApp, metrics: Metrics, voice: Voice, decisions: Decisions) -> None:
        self._app = app
        self._metrics = metrics
        self._voice = voice
        self._observability = decisions.built_in_observability
        self._phi = decisions.phi_safe_telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Follow one request, if it is one and does work."""
        if scope["type"] != "http" or scope["path"].startswith(_APART):
            await self._app(scope, receive, send)
            return
        span = self._observability.span(scope["method"], SpanKind.SERVER, _parent(scope))
        with self._metrics.in_flight.track_inprogress(), self._voice.speaking(), span as current:
            await self._follow(scope, receive, send, current)

    async def _follow(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        started, statuses = time.perf_counter(), [0]
        receive, heard = self._phi.overhear(receive)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        cause: dict[str, str] = {}
        try:
            await self._app(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            cause = {"error": type(error).__name__, "stack": self._phi.stack(error)}
            if not statuses[-1]:
                refusal = Refusal(500, self._phi.failure(error))
                await refusal.response()(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - started
            status = statuses[-1] or 500
            self._count(scope, status, span)
            if cause or status >= _FAILED or seconds > SLOW_SECONDS:
                how = {"status": status, "seconds": round(seconds, 4), **cause}
                self._report(scope, how, heard)

    def _count(self, scope: Scope, status: int, span: Span) -> None:
        route = route_of(scope)
        self._metrics.requests.labels(self._metrics.service, route, status).inc()
        if span.is_recording():
            span.update_name(f"{scope['method']} {route}")
            span.set_attribute("http.response.status_code", status)
            span.set_attributes(self._phi.request(scope))

    def _report(self, scope: Scope, how: Mapping[str, Any], heard: bytearray) -> None:
        facts: dict[str, Any] = {
            "event": "request",
            "method": scope["method"],
            "route": route_of(scope),
            **how,
            **self._phi.request(scope),
        }
        if ids := scope.get("path_params"):
            facts["ids"] = ids
        if heard:
            facts["body"] = heard.decode("utf-8", "replace")
        self._voice.say(facts)


def _parent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _TRACEPARENT:
            return str(value, "latin-1")
    return None
