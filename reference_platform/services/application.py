"""What all services have in common: health, metrics, and how errors become answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from reference_platform.decisions import Decisions
from reference_platform.decisions.built_in_observability import Check
from reference_platform.outcomes import Refusal
from reference_platform.services.logs import Voice
from reference_platform.services.telemetry import Metrics, Telemetry, route_of
from reference_platform.settings import Settings

_LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
)
_TOO_LATE = (TimeoutError, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)
_log = structlog.get_logger("reference_platform")


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def application(
    name: str,
    routes: Sequence[Route],
    ready: Check,
    lifespan: Lifespan,
    settings: Settings,
    decisions: Decisions,
) -> FastAPI:
    """A service with `routes`, `/health/live`, `/health/ready` and `/metrics`."""
    observability = decisions.built_in_observability
    metrics = Metrics(name, observability.registry)
    voice = Voice(name, settings, decisions)

    @asynccontextmanager
    async def observed(app: FastAPI) -> AsyncIterator[None]:
        with observability.recording(name, settings.data_folder / "logs"), voice.speaking():
            async with lifespan(app):
                yield

    app = FastAPI(title=name, openapi_url=None, redirect_slashes=False, lifespan=observed)
    app.router.routes.extend(routes)
    app.router.routes += [
        Route("/health/live", _live, methods=["GET"]),
        Route("/health/ready", _readiness(observability.readiness(ready)), methods=["GET"]),
        Route("/metrics", metrics.show, methods=["GET"]),
    ]
    app.add_middleware(Telemetry, metrics=metrics, voice=voice, decisions=decisions)
    _handle_errors(app)
    return app


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _unroutable)
    app.add_exception_handler(ClientDisconnect, _left)
    for kind in _LOST:
        app.add_exception_handler(kind, _lost)
    for kind in _TOO_LATE:
        app.add_exception_handler(kind, _too_late)


async def _live(_request: Request) -> Response:
    return Response(b'{"status":"live"}', media_type="application/json")


def _readiness(check: Check) -> Callable[[Request], Awaitable[Response]]:
    async def ready(_request: Request) -> Response:
        await check()
        return Response(b'{"status":"ready"}', media_type="application/json")

    return ready


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return error.response()


async def _unroutable(_request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405; the latter with its Allow header."""
    if not isinstance(error, HTTPException):
        raise error
    return Refusal(error.status_code, f"{error.detail}.", headers=error.headers).response()


async def _left(_request: Request, _error: Exception) -> Response:
    return Refusal(400, "body: the client left before its end.").response()


async def _lost(request: Request, error: Exception) -> Response:
    _log.warning("dependency lost", route=route_of(request.scope), error=type(error).__name__)
    sentence = "A dependency cannot be reached. Ask again in a second."
    return Refusal(503, sentence, headers={"Retry-After": "1"}).response()


async def _too_late(request: Request, error: Exception) -> Response:
    _log.warning("out of time", route=route_of(request.scope), error=type(error).__name__)
    return Refusal(504, "The time for this request is over.").response()
