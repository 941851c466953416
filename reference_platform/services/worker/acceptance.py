"""How the worker accepts what it will do later: once per key, and with the place to look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.decisions.idempotency import Attempt
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored


async def once(
    inner: Stored, call: Call, create: Callable[[Connection], Awaitable[bytes]]
) -> bytes:
    """What `create` made, now or when the same Idempotency-Key came before."""
    attempt = Attempt(call.tenant, call.headers.get("Idempotency-Key"), call.route, call.body)
    async with inner.transaction(call) as connection:
        return await inner.decisions.idempotency.once(
            connection, attempt, lambda: create(connection)
        )


def accepted(content: bytes, place: str) -> Response:
    """202: it will be done, and `place` says how far it is."""
    return answer(content, 202, Location=place)
