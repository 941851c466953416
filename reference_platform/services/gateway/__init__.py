"""gateway: the only service that the world sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from itertools import groupby

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from reference_platform.decisions import Decisions
from reference_platform.decisions.timeouts_deadlines import TimeoutsDeadlines
from reference_platform.decisions.versioned_api import FIRST, VERSIONS, VersionedApi
from reference_platform.outcomes import MEDIA_TYPE, Refusal
from reference_platform.profiles import Profile
from reference_platform.services.application import application
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.gateway.capabilities import capability_statement
from reference_platform.services.gateway.chart_cache import ChartCache
from reference_platform.services.gateway.clock import ClockRoutes
from reference_platform.services.gateway.exchange import Exchange, Proceed, Stage, chain
from reference_platform.services.gateway.forwarding import Answer, Forwarding
from reference_platform.services.gateway.operations import OPERATIONS, Operation
from reference_platform.services.gateway.security import Security
from reference_platform.services.gateway.stages.admission import Admission
from reference_platform.services.gateway.stages.auditing import Auditing, shipping
from reference_platform.services.gateway.stages.chart_caching import ChartCaching
from reference_platform.services.gateway.stages.semantics import SemanticStage
from reference_platform.services.gateway.stages.validation import Validation
from reference_platform.services.gateway.stages.versioning import Versioning
from reference_platform.services.gateway.summary import Summaries
from reference_platform.services.gateway.versions import UNKNOWN, VersionPrefix, asked, published
from reference_platform.services.telemetry import CountedRoute
from reference_platform.settings import Settings

SERVICES = ("records", "scheduling", "hub", "cds", "worker")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REMARKS = ("Age", "Warning", "X-Stale", "Deprecation", "Sunset", "Link")
_HANDED_BACK = ("Location", "ETag", "Last-Modified", "Retry-After", *_REMARKS)


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the gateway."""
    return Gateway(settings, Decisions.choose(profile)).application()


class Gateway:
    """The gateway on its way to being an application."""

    def __init__(self, settings: Settings, decisions: Decisions) -> None:
        self._settings = settings
        self._decisions = decisions
        self._services = {
            name: Downstream("gateway", name, settings, decisions) for name in SERVICES
        }
        records = self._services["records"]
        self._cache = ChartCache(settings, decisions)
        self._security = Security(settings, decisions, records)
        folder = settings.data_folder / "audit"
        self._recorder = decisions.audit_complete.recorder(folder, "gateway", shipping(records))

    def application(self) -> FastAPI:
        """The FastAPI application; it opens its resources in its lifespan."""
        versions = self._decisions.versioned_api
        way = chain(self._stages(), Forwarding(self._services, self._answers()))
        routes = [
            self._security.well_known(),
            *_contract(versions),
            *_routes(way, self._decisions.timeouts_deadlines),
        ]
        app = application(
            "gateway", routes, self._ready, self._lifespan, self._settings, self._decisions
        )
        app.add_middleware(VersionPrefix, versions=versions)
        return app

    def _stages(self) -> list[Stage]:
        """Their order is the argument: who asks comes first, and what is not allowed costs little.

        Whatever keeps a chart from its reader comes before the cache hands it out.
        """
        decisions, clock = self._decisions, self._settings.clock
        auditing = Auditing(self._recorder, clock)
        cache_key = decisions.tenant_isolation.cache_key
        return [
            auditing,
            self._security.identification,
            auditing.begin,
            Versioning(decisions.versioned_api, clock),
            Admission(decisions.admission_control),
            self._security.authorization,
            Validation(decisions.schema_validation),
            self._security.compartment,
            SemanticStage(decisions.semantic_validation, clock.now),
            ChartCaching(decisions.distributed_cache, self._cache, cache_key),
        ]

    def _answers(self) -> dict[str, Answer]:
        """What the gateway does itself, by the id of the operation."""
        clock = ClockRoutes(self._settings)
        degradation = self._decisions.graceful_degradation
        summaries = Summaries(self._services, degradation, self._settings.clock.now)
        return {
            "readClock": clock.read,
            "advanceClock": clock.advance,
            "capabilities": _always(capability_statement(movable_clock=self._settings.test_mode)),
            "readSummary": summaries.read,
            **self._security.answers,
        }

    async def _ready(self) -> None:
        await asyncio.gather(*(service.check() for service in self._services.values()))

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        resources: list[AbstractAsyncContextManager[object]] = [
            *self._services.values(),
            self._recorder,
            self._cache,
            self._security.revocations,
        ]
        async with AsyncExitStack() as stack:
            for resource in resources:
                await stack.enter_async_context(resource)
            yield


def _always(content: bytes) -> Answer:
    async def answer(_exchange: Exchange) -> Reply:
        return Reply(200, {}, content)

    return answer


def _contract(versions: VersionedApi) -> list[CountedRoute]:
    """The contract of each version, and what is said about the others."""
    documents = {version: orjson.dumps(published(version)) for version in VERSIONS}

    async def contract(request: Request) -> Response:
        return Response(documents[versions.promised(asked(request.scope))], media_type=MEDIA_TYPE)

    async def unknown(request: Request) -> Response:
        known = ", ".join(VERSIONS)
        raise Refusal(404, f"{asked(request.scope)}: no such version. Known: {known}.")

    return [
        CountedRoute(f"/{FIRST}/openapi.json", contract, methods=["GET"]),
        CountedRoute(UNKNOWN, unknown, methods=_METHODS),
    ]


def _routes(way: Proceed, timeouts: TimeoutsDeadlines) -> list[CountedRoute]:
    """One route per path, so that a wrong method is told all the right ones."""
    ordered = sorted(OPERATIONS, key=lambda operation: ("{" in operation.path, operation.path))
    grouped = groupby(ordered, key=lambda operation: operation.path)
    return [_route(path, way, timeouts, list(operations)) for path, operations in grouped]


def _route(
    path: str, way: Proceed, timeouts: TimeoutsDeadlines, operations: list[Operation]
) -> CountedRoute:
    by_method = {operation.method: operation for operation in operations}

    async def perform(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        deadline = timeouts.deadline(None)
        async with deadline.scope():
            return _handed_back(await way(Exchange(by_method[method], request, deadline)))

    endpoint: Callable[[Request], Awaitable[Response]] = perform
    return CountedRoute(path, endpoint, methods=list(by_method))


def _handed_back(reply: Reply) -> Response:
    headers = {name: reply.headers[name] for name in _HANDED_BACK if name in reply.headers}
    return Response(reply.body, reply.status, headers, MEDIA_TYPE)
