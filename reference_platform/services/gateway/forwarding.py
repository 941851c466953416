"""How the gateway does an operation: authenticate, check, pass on, hand back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from reference_platform.decisions import Decisions
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import MEDIA_TYPE, Refusal
from reference_platform.services.call import TENANT_HEADER
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.gateway.authentication import Authentication
from reference_platform.services.gateway.chart_cache import CacheLostError, ChartCache
from reference_platform.services.gateway.operations import CAPABILITIES, CHART, Operation
from reference_platform.settings import Identity

_OK = 200
_HANDED_BACK = ("Location", "ETag", "Retry-After")


class Forwarding:
    """Everything that the gateway does with a request."""

    def __init__(
        self,
        decisions: Decisions,
        authentication: Authentication,
        services: Mapping[str, Downstream],
        cache: ChartCache,
        capabilities: bytes,
    ) -> None:
        self._timeouts = decisions.timeouts_deadlines
        self._validation = decisions.schema_validation
        self._authentication = authentication
        self._services = services
        self._cache = cache
        self._capabilities = capabilities

    async def perform(self, operation: Operation, request: Request) -> Response:
        """The answer to `request`; Refusal, or TimeoutError at its deadline."""
        deadline = self._timeouts.deadline(None)
        async with deadline.scope():
            who = self._authentication.identify(request.headers.get("Authorization"))
            for value in request.path_params.values():
                self._validation.identifier(value)
            if operation is CAPABILITIES:
                return Response(self._capabilities, media_type=MEDIA_TYPE)
            if operation is CHART:
                return await self._chart(operation, request, who, deadline)
            return _handed_back(await self._forward(operation, request, who, deadline))

    async def _chart(
        self, operation: Operation, request: Request, who: Identity, deadline: Deadline
    ) -> Response:
        patient = request.path_params["id"]
        try:
            cached = await self._cache.get(who.tenant, patient, deadline)
        except CacheLostError:
            return _handed_back(await self._forward(operation, request, who, deadline))
        if cached is not None:
            return Response(cached, media_type=MEDIA_TYPE)
        reply = await self._forward(operation, request, who, deadline)
        if reply.status == _OK:
            await self._keep(who.tenant, patient, reply.body, deadline)
        return _handed_back(reply)

    async def _keep(self, tenant: str, patient: str, chart: bytes, deadline: Deadline) -> None:
        try:
            await self._cache.put(tenant, patient, chart, deadline)
        except CacheLostError:
            return  # the chart is in hand; the next reader pays

    async def _forward(
        self, operation: Operation, request: Request, who: Identity, deadline: Deadline
    ) -> Reply:
        query = self._validation.query(operation.query, request.query_params.multi_items())
        headers = {TENANT_HEADER: who.tenant} | self._headers(operation, request)
        body = await self._body(operation, request)
        target = quote(request.scope["path"]) + (f"?{query}" if query else "")
        service = self._services[str(operation.service)]
        return await service.send(operation.method, target, deadline, headers, body)

    def _headers(self, operation: Operation, request: Request) -> dict[str, str]:
        headers = {}
        if operation.if_match and (match := request.headers.get("If-Match")) is not None:
            self._validation.entity_tag(match)
            headers["If-Match"] = match
        key = request.headers.get("Idempotency-Key")
        if operation.idempotency_key and key is not None:
            self._validation.idempotency_key(key)
            headers["Idempotency-Key"] = key
        return headers

    async def _body(self, operation: Operation, request: Request) -> bytes | None:
        if operation.body is None:
            return None
        raw = await _read(request, self._validation.body_limit)
        return self._validation.body(operation.body, request.headers.get("Content-Type"), raw)


async def _read(request: Request, limit: int | None) -> bytes:
    """The body, as far as it may be held in memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if limit is not None and len(body) > limit:
            raise Refusal(413, f"body: over the limit of {limit} bytes.")
    return bytes(body)


def _handed_back(reply: Reply) -> Response:
    headers: dict[str, Any] = {
        name: reply.headers[name] for name in _HANDED_BACK if name in reply.headers
    }
    return Response(reply.body, reply.status, headers, MEDIA_TYPE)
