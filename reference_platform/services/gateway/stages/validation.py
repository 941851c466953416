"""Lets in what the contract allows: ids, query, headers and body."""

from __future__ import annotations

from starlette.requests import Request

from reference_platform.decisions.schema_validation import SchemaValidation
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.exchange import Exchange, Proceed
from reference_platform.services.gateway.operations import Operation


class Validation:
    """Fills `query`, `headers` and `body`."""

    def __init__(self, validation: SchemaValidation) -> None:
        self._validation = validation

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Refusal 4xx for what is not in the contract."""
        operation, request = exchange.operation, exchange.request
        for value in request.path_params.values():
            self._validation.identifier(value)
        pairs = request.query_params.multi_items()
        exchange.query = self._validation.query(operation.query, pairs)
        exchange.headers = self._headers(operation, request)
        exchange.body = await self._body(operation, request)
        return await proceed(exchange)

    def _headers(self, operation: Operation, request: Request) -> dict[str, str]:
        headers = {}
        if operation.if_match and (match := request.headers.get("If-Match")) is not None:
            self._validation.entity_tag(match)
            headers["If-Match"] = match
        key = request.headers.get("Idempotency-Key")
        if operation.idempotency_key and key is not None:
            self._validation.idempotency_key(key)
            headers["Idempotency-Key"] = key
        for name in _conditions(operation):
            if (condition := request.headers.get(name)) is not None:
                headers[name] = condition
        return headers

    async def _body(self, operation: Operation, request: Request) -> bytes | None:
        if operation.body is None:
            return None
        raw = await _read(request, self._validation.body_limit)
        return self._validation.body(operation.body, request.headers.get("Content-Type"), raw)


def _conditions(operation: Operation) -> list[str]:
    """Headers that are passed on as they are: who reads them refuses what cannot be read."""
    taken = {
        "If-None-Match": operation.if_none_match,
        "If-None-Exist": operation.if_none_exist,
    }
    return [name for name, wanted in taken.items() if wanted]


async def _read(request: Request, limit: int | None) -> bytes:
    """The body, as far as it may be held in memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if limit is not None and len(body) > limit:
            raise Refusal(413, f"body: over the limit of {limit} bytes.")
    return bytes(body)
