"""A call to an inner service: who asks, and the time left, as the caller passed them on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from reference_platform import identity
from reference_platform.decisions.timeouts_deadlines import (
    DEADLINE_HEADER,
    Deadline,
    TimeoutsDeadlines,
)
from reference_platform.decisions.zero_trust import Passport
from reference_platform.identity import Identity
from reference_platform.outcomes import MEDIA_TYPE, Refusal

ABOUT = "X-About"
"""An answer's header that names the patient whom a changed resource was about before."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of somebody."""

    who: Identity
    deadline: Deadline
    route: str
    path: Mapping[str, str]
    query: QueryParams
    headers: Mapping[str, str]
    body: bytes

    @property
    def tenant(self) -> str:
        """Whose data it is about."""
        return self.who.tenant

    def json(self) -> Any:
        """The body, which the gateway has found to be JSON."""
        return orjson.loads(self.body)


Handler = Callable[[Call], Awaitable[Response]]


def endpoint(
    handler: Handler, timeouts: TimeoutsDeadlines, passport: Passport
) -> Callable[..., Awaitable[Response]]:
    """A Starlette endpoint that hands a Call to `handler` and ends it at its deadline."""

    async def respond(request: Request) -> Response:
        passport.admit(request.headers)
        deadline = timeouts.deadline(request.headers.get(DEADLINE_HEADER))
        async with deadline.scope():
            return await handler(await _call(request, deadline))

    return respond


async def _call(request: Request, deadline: Deadline) -> Call:
    return Call(
        who=_identity(request),
        deadline=deadline,
        route=f"{request.method} {request.scope['path']}",
        path=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=await request.body(),
    )


def _identity(request: Request) -> Identity:
    try:
        return identity.read(request.headers.get(identity.HEADER))
    except ValueError:
        raise Refusal(400, f"{identity.HEADER}: cannot be read.") from None


def answer(content: bytes | str, status: int = 200, **headers: str) -> Response:
    """A JSON answer; `ETag="..."` and the like are headers."""
    return Response(content, status, headers, MEDIA_TYPE)


def new_id() -> str:
    """An id that nobody can guess."""
    return uuid4().hex
