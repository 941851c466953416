"""Releases of the score: what administrators ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict

import orjson
from starlette.responses import Response

from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, Handler, answer
from reference_platform.services.cds.assessments import AssessmentStore
from reference_platform.services.cds.releases import Releases
from reference_platform.services.cds.versions import FIRST
from reference_platform.services.downstream import Downstream
from reference_platform.services.inner import Inner


class Delivery:
    """The routes of releases, and the outage that a way back may take."""

    def __init__(self, inner: Inner, records: Downstream, releases: Releases) -> None:
        self._releases = releases
        self._rollback = inner.decisions.instant_rollback
        self._store = AssessmentStore(records, self._rollback)
        self._restarting = False
        self._building: asyncio.Task[None] | None = None

    def serving(self, handler: Handler) -> Handler:
        """`handler`, as long as the service is not being restarted; then Refusal 503."""

        async def handle(call: Call) -> Response:
            if self._restarting:
                raise Refusal(503, "cds: is being restarted. Ask again in some seconds.")
            return await handler(call)

        return handle

    async def list(self, call: Call) -> Response:  # noqa: ARG002
        """`GET /v1/releases`."""
        return answer(orjson.dumps({"releases": [self._shown()]}))

    async def begin(self, call: Call) -> Response:
        """`POST /v1/releases`."""
        version = call.json()["version"]
        await self._releases.begin(version)
        if self._rollback.migrates and version != FIRST:
            await self._store.migrate(call)
        return answer(orjson.dumps(self._shown()), 202)

    async def roll_back(self, call: Call) -> Response:  # noqa: ARG002
        """`POST /v1/releases/rollback`."""
        if self._rollback.rebuild_seconds:
            self._build(self._releases.roll_back)
        else:
            await self._releases.roll_back()
        return answer(orjson.dumps(self._shown()), 202)

    def _build(self, then: Callable[[], Awaitable[object]]) -> None:
        if self._building is not None and not self._building.done():
            raise Refusal(409, "cds: the old version is being built already.")
        self._building = asyncio.create_task(self._rebuilt(then))

    async def _rebuilt(self, then: Callable[[], Awaitable[object]]) -> None:
        """The version that is to go serves during the build; during the restart none does."""
        await asyncio.sleep(self._rollback.rebuild_seconds)
        self._restarting = True
        try:
            await asyncio.sleep(self._rollback.restart_seconds)
            await then()
        finally:
            self._restarting = False

    def _shown(self) -> dict[str, object]:
        evidence = asdict(self._releases.evidence)
        return {**self._releases.current.content(), "evidence": evidence}
