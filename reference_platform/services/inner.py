"""The frame of an inner service: its decisions and its routes; and that of one with a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from reference_platform.database import Database
from reference_platform.database.connection import Connection
from reference_platform.decisions import Decisions
from reference_platform.decisions.idempotency import Attempt
from reference_platform.profiles import Profile
from reference_platform.services.application import application
from reference_platform.services.call import Call, Handler, answer, endpoint
from reference_platform.services.downstream import READINESS_SECONDS, Downstream
from reference_platform.services.telemetry import CountedRoute
from reference_platform.settings import Settings


class Inner:
    """One inner service on its way to being an application."""

    def __init__(self, name: str, settings: Settings, profile: Profile) -> None:
        self.name = name
        self.settings = settings
        self.decisions = Decisions.choose(profile)
        self._passport = self.decisions.zero_trust.passport(name, settings)
        self._routes: list[CountedRoute] = []
        self._resources: list[AbstractAsyncContextManager[object]] = []

    def route(self, path: str, **handlers: Handler) -> None:
        """Serve `path` with one handler per HTTP method."""
        timeouts = self.decisions.timeouts_deadlines
        endpoints = {
            method: endpoint(handler, timeouts, self._passport)
            for method, handler in handlers.items()
        }

        async def dispatch(request: Request) -> Response:
            return await endpoints[request.method](request)

        self._routes.append(CountedRoute(path, dispatch, methods=list(handlers)))

    def holds(self, resource: AbstractAsyncContextManager[object]) -> None:
        """Enter `resource` when the service starts, and leave it when it ends."""
        self._resources.append(resource)

    def downstream(self, dependency: str) -> Downstream:
        """The way to `dependency`, open as long as the service runs."""
        way = Downstream(self.name, dependency, self.settings, self.decisions)
        self.holds(way)
        return way

    def application(self) -> FastAPI:
        """The FastAPI application; it opens its resources in its lifespan."""
        return application(
            self.name, self._routes, self._ready, self._lifespan, self.settings, self.decisions
        )

    async def _ready(self) -> None:
        """A service without dependencies of its own is ready when it answers."""

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for resource in self._resources:
                await stack.enter_async_context(resource)
            yield


class Stored(Inner):
    """An inner service that keeps its data in PostgreSQL."""

    def __init__(self, name: str, settings: Settings, profile: Profile) -> None:
        super().__init__(name, settings, profile)
        self.database = Database(
            settings,
            name,
            self.decisions.tenant_isolation,
            self.decisions.timeouts_deadlines,
            self.decisions.crash_recovery,
            observer=self.decisions.built_in_observability.edge(name, "postgres"),
        )
        self.holds(self.database)

    @asynccontextmanager
    async def transaction(self, call: Call) -> AsyncIterator[Connection]:
        """A database transaction for the tenant of `call`, until its deadline."""
        with self.decisions.graceful_degradation.writing():
            async with self.database.transaction(call.tenant, call.deadline) as connection:
                yield connection

    async def create_once(
        self, call: Call, create: Callable[[Connection, Call], Awaitable[bytes]]
    ) -> Response:
        """201 with what `create` made of `call`, or made when the call came first."""
        attempt = Attempt(call.tenant, call.headers.get("Idempotency-Key"), call.route, call.body)
        async with self.transaction(call) as connection:
            content = await self.decisions.idempotency.once(
                connection, attempt, lambda: create(connection, call)
            )
        return answer(content, 201)

    async def _ready(self) -> None:
        await self.database.check(READINESS_SECONDS)
