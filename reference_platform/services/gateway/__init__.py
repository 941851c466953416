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
    decisions = Decisions.choose(profile)
    services = {name: Downstream("gateway", name, settings, decisions) for name in SERVICES}
    cache = ChartCache(settings, decisions)
    recorder = decisions.audit_complete.recorder(
        settings.data_folder / "audit", "gateway", shipping(services["records"])
    )
    auditing = Auditing(recorder, settings.clock)
    security = Security(settings, decisions, services["records"])
    # The order is the argument: who asks comes first, and what is not allowed costs nothing more.
    stages: list[Stage] = [
        auditing,
        security.identification,
        auditing.begin,
        Versioning(decisions.versioned_api, settings.clock),
        Admission(decisions.admission_control),
        security.authorization,
        Validation(decisions.schema_validation),
        security.compartment,
        SemanticStage(decisions.semantic_validation, settings.clock.now),
        ChartCaching(decisions.distributed_cache, cache, decisions.tenant_isolation.cache_key),
    ]
    summaries = Summaries(services, decisions.graceful_degradation, settings.clock.now)
    clock = ClockRoutes(settings)
    own: dict[str, Answer] = {
        "readClock": clock.read,
        "advanceClock": clock.advance,
        "capabilities": _always(capability_statement(movable_clock=settings.test_mode)),
        "readSummary": summaries.read,
        **security.answers,
    }
    way = chain(stages, Forwarding(services, own))

    resources: list[AbstractAsyncContextManager[object]] = [
        *services.values(),
        recorder,
        cache,
        security.revocations,
    ]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for resource in resources:
                await stack.enter_async_context(resource)
            yield

    async def ready() -> None:
        await asyncio.gather(*(service.check() for service in services.values()))

    routes = [
        security.well_known(),
        *_contract(decisions.versioned_api),
        *_routes(way, decisions.timeouts_deadlines),
    ]
    app = application("gateway", routes, ready, lifespan, settings, decisions)
    app.add_middleware(VersionPrefix, versions=decisions.versioned_api)
    return app


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
