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
from reference_platform.outcomes import MEDIA_TYPE
from reference_platform.profiles import Profile
from reference_platform.services.application import application
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.gateway.authentication import Authentication
from reference_platform.services.gateway.capabilities import capability_statement
from reference_platform.services.gateway.chart_cache import ChartCache
from reference_platform.services.gateway.exchange import Exchange, Proceed, Stage, chain
from reference_platform.services.gateway.forwarding import Answer, Forwarding
from reference_platform.services.gateway.openapi import document
from reference_platform.services.gateway.operations import OPERATIONS, Operation
from reference_platform.services.gateway.stages.chart_caching import ChartCaching
from reference_platform.services.gateway.stages.identification import Identification
from reference_platform.services.gateway.stages.validation import Validation
from reference_platform.services.telemetry import CountedRoute
from reference_platform.settings import Settings

SERVICES = ("records", "scheduling", "hub", "cds", "worker")
_HANDED_BACK = ("Location", "ETag", "Retry-After")


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the gateway."""
    decisions = Decisions.choose(profile)
    services = {name: Downstream("gateway", name, settings, decisions) for name in SERVICES}
    cache = ChartCache(settings, decisions)
    # The order is the argument: who asks comes first, and what is not allowed costs nothing more.
    stages: list[Stage] = [
        Identification(Authentication(settings.tokens)),
        Validation(decisions.schema_validation),
        ChartCaching(cache),
    ]
    own: dict[str, Answer] = {"capabilities": _always(capability_statement())}
    way = chain(stages, Forwarding(services, own))

    resources: list[AbstractAsyncContextManager[object]] = [*services.values(), cache]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for resource in resources:
                await stack.enter_async_context(resource)
            yield

    async def ready() -> None:
        await asyncio.gather(*(service.check() for service in services.values()))

    routes = [_contract(), *_routes(way, decisions.timeouts_deadlines)]
    return application("gateway", routes, ready, lifespan)


def _always(content: bytes) -> Answer:
    async def answer(_exchange: Exchange) -> Reply:
        return Reply(200, {}, content)

    return answer


def _contract() -> CountedRoute:
    content = orjson.dumps(document())

    async def contract(_request: Request) -> Response:
        return Response(content, media_type=MEDIA_TYPE)

    return CountedRoute("/v1/openapi.json", contract, methods=["GET"])


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
