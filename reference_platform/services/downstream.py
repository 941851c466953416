"""HTTP calls from one service to another, within the limits that were decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import aiohttp
from yarl import URL

from reference_platform import tracing
from reference_platform.decisions import Decisions
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.dependencies import (
    PARTNERS,
    AnsweredError,
    EdgeObserver,
    LostError,
)
from reference_platform.services.edge import Edge
from reference_platform.settings import Settings

READINESS_SECONDS = 1.0
_ABOUT_OTHERS = (502, 503, 504)
_KEEP_ALIVE = 30.0  # seconds; shorter than the servers', so that they never close first


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FailedReplyError(AnsweredError):
    """An answer of 5xx: to the edge a failure, to whoever asked an answer like any other."""

    def __init__(self, reply: Reply, *, own: bool) -> None:
        super().__init__(reply.headers, own=own)
        self.reply = reply


class Downstream:
    """One dependency of a service. Enter it to open its connections, leave it to close them."""

    def __init__(
        self,
        service: str,
        dependency: str,
        settings: Settings,
        decisions: Decisions,
        observer: EdgeObserver | None = None,
    ) -> None:
        self.name = dependency
        self.edge = Edge(service, dependency, decisions, observer)
        self._base = f"http://{settings.address(service, dependency)}"
        self._passport = decisions.zero_trust.passport(service, settings)
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        """Open no connection yet; the session makes them when asked."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self._session.close()

    async def send(
        self,
        method: str,
        target: str,
        deadline: Deadline,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        repeatable: bool = False,
    ) -> Reply:
        """Ask for `target` (path and query, encoded) and read the whole answer, 5xx included.

        `repeatable`: whether asking twice is as good as asking once. Raises TimeoutError,
        NotAskedError (503) when the edge is closed to calls, or LostError: 503 without a
        connection, 502 when it broke before the answer was whole.
        """

        async def attempt(limit: Deadline) -> Reply:
            return self._judged(await self._exchange(limit, method, target, headers or {}, body))

        try:
            return await self.edge.call(deadline, attempt, repeatable=repeatable)
        except FailedReplyError as error:
            return error.reply

    async def check(self) -> None:
        """Ask whether the dependency is ready, past all guards; Refusal or TimeoutError if not."""
        limit = Deadline(None).within(READINESS_SECONDS)
        async with limit.scope():
            reply = await self._exchange(limit, "GET", "/health/ready", {}, None)
        if reply.status != HTTPStatus.OK:
            raise self._lost(HTTPStatus.SERVICE_UNAVAILABLE)

    def _judged(self, reply: Reply) -> Reply:
        """A service that answers 502, 503 or 504 works; what is behind it does not, or it is full.

        A partner that says the same is of no use to us either way.
        """
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            own = self.name in PARTNERS or reply.status not in _ABOUT_OTHERS
            raise FailedReplyError(reply, own=own)
        return reply

    async def _exchange(
        self,
        limit: Deadline,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Reply:
        try:
            async with self._session.request(
                method,
                URL(self._base + target, encoded=True),
                headers={
                    **headers,
                    **tracing.headers(),
                    **limit.headers(),
                    **self._passport.headers(self.name),
                },
                data=body,
                allow_redirects=False,
            ) as response:
                return Reply(response.status, response.headers, await response.read())
        except aiohttp.ClientConnectorError:
            raise self._lost(HTTPStatus.SERVICE_UNAVAILABLE) from None
        except aiohttp.ClientError:
            raise self._lost(HTTPStatus.BAD_GATEWAY) from None

    def _lost(self, status: HTTPStatus) -> LostError:
        sentence = f"{self.name}: cannot be reached. Ask again in a second."
        return LostError(status, sentence, headers={"Retry-After": "1"})
