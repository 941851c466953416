"""HTTP calls from one service to another, within the limits that were decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from reference_platform.decisions import Decisions
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.settings import Settings

READINESS_SECONDS = 1.0
_KEEP_ALIVE = 30.0  # seconds; shorter than the servers', so that they never close first


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Downstream:
    """One dependency of a service. Enter it to open its connections, leave it to close them."""

    def __init__(
        self, service: str, dependency: str, settings: Settings, decisions: Decisions
    ) -> None:
        self.name = dependency
        self._base = f"http://{settings.address(service, dependency)}"
        self._timeouts = decisions.timeouts_deadlines
        self._bulkheads = decisions.bulkheads
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self._session.close()

    async def send(
        self,
        method: str,
        target: str,
        deadline: Deadline,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Ask for `target` (path and query, encoded) and read the whole answer.

        Raises TimeoutError, or Refusal: 503 without a permit or a connection, 502 when the
        connection broke before the answer was whole.
        """
        async with self._bulkheads.permit(self.name):
            limit = deadline.within(self._timeouts.edge)
            return await self._within(limit, method, target, headers or {}, body)

    async def check(self) -> None:
        """Ask whether the dependency is ready, past all permits; Refusal or TimeoutError if not."""
        limit = Deadline(None).within(READINESS_SECONDS)
        reply = await self._within(limit, "GET", "/health/ready", {}, None)
        if reply.status != HTTPStatus.OK:
            raise self._lost(HTTPStatus.SERVICE_UNAVAILABLE)

    async def _within(
        self,
        limit: Deadline,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Reply:
        try:
            async with limit.scope():
                return await self._exchange(limit, method, target, headers, body)
        except aiohttp.ClientConnectorError:
            raise self._lost(HTTPStatus.SERVICE_UNAVAILABLE) from None
        except aiohttp.ClientError:
            raise self._lost(HTTPStatus.BAD_GATEWAY) from None

    async def _exchange(
        self,
        limit: Deadline,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Reply:
        async with self._session.request(
            method,
            URL(self._base + target, encoded=True),
            headers={**headers, **limit.headers(), **self._passport.headers(self.name)},
            data=body,
            allow_redirects=False,
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    def _lost(self, status: HTTPStatus) -> Refusal:
        sentence = f"{self.name}: cannot be reached. Ask again in a second."
        return Refusal(status, sentence, headers={"Retry-After": "1"})
