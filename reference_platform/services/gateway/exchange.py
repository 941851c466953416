"""One request on its way through the gateway, and the stages that it passes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request

from reference_platform.audit import Event
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.identity import NOBODY, Identity
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.operations import Operation


@dataclass(slots=True)
class Exchange:
    """A request, and what the stages have found out about it so far.

    `query`, `headers` and `body` are what is passed on; validation fills them. `event` is what the
    audit trail knows of it so far.
    """

    operation: Operation
    request: Request
    deadline: Deadline
    who: Identity = NOBODY
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    event: Event | None = None

    @property
    def target(self) -> str:
        """Path and query for the service that does the work, encoded."""
        path = quote(self.request.scope["path"])
        return f"{path}?{self.query}" if self.query else path

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice is as good as doing it once."""
        return self.operation.method in ("GET", "PUT") or "Idempotency-Key" in self.headers


Proceed = Callable[[Exchange], Awaitable[Reply]]


class Stage(Protocol):
    """One concern of the gateway: looks at an exchange, then lets it proceed, or does not."""

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """The reply of `proceed(exchange)`, or one of its own; Refusal when it is refused."""
        ...


def chain(stages: Sequence[Stage], last: Proceed) -> Proceed:
    """What runs `stages` in their order around `last`."""
    return reduce(_around, reversed(stages), last)


def _around(proceed: Proceed, stage: Stage) -> Proceed:
    async def staged(exchange: Exchange) -> Reply:
        return await stage(exchange, proceed)

    return staged
