"""gateway: the only service that the world sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from reference_platform.decisions import Decisions
from reference_platform.outcomes import MEDIA_TYPE
from reference_platform.profiles import Profile
from reference_platform.services.application import application
from reference_platform.services.downstream import Downstream
from reference_platform.services.gateway.authentication import Authentication
from reference_platform.services.gateway.capabilities import capability_statement
from reference_platform.services.gateway.chart_cache import ChartCache
from reference_platform.services.gateway.forwarding import Forwarding
from reference_platform.services.gateway.openapi import document
from reference_platform.services.gateway.operations import OPERATIONS, Operation
from reference_platform.services.telemetry import CountedRoute
from reference_platform.settings import Settings

SERVICES = ("records", "scheduling", "hub")


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the gateway."""
    decisions = Decisions.choose(profile)
    services = {name: Downstream("gateway", name, settings, decisions) for name in SERVICES}
    cache = ChartCache(settings, decisions)
    forwarding = Forwarding(
        decisions, Authentication(settings.tokens), services, cache, capability_statement()
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for service in services.values():
                await stack.enter_async_context(service)
            await stack.enter_async_context(cache)
            yield

    async def ready() -> None:
        await asyncio.gather(*(service.check() for service in services.values()))

    return application("gateway", [_contract(), *_routes(forwarding)], ready, lifespan)


def _contract() -> CountedRoute:
    content = orjson.dumps(document())

    async def contract(_request: Request) -> Response:
        return Response(content, media_type=MEDIA_TYPE)

    return CountedRoute("/v1/openapi.json", contract, methods=["GET"])


def _routes(forwarding: Forwarding) -> list[CountedRoute]:
    """One route per path, so that a wrong method is told all the right ones."""
    ordered = sorted(OPERATIONS, key=lambda operation: ("{" in operation.path, operation.path))
    grouped = groupby(ordered, key=lambda operation: operation.path)
    return [_route(path, forwarding, list(operations)) for path, operations in grouped]


def _route(path: str, forwarding: Forwarding, operations: list[Operation]) -> CountedRoute:
    by_method = {operation.method: operation for operation in operations}

    async def perform(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await forwarding.perform(by_method[method], request)

    endpoint: Callable[[Request], Awaitable[Response]] = perform
    return CountedRoute(path, endpoint, methods=list(by_method))
