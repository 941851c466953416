"""Which access tokens were revoked, on whichever gateway: records keeps the list."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from http import HTTPStatus
from typing import Self

import orjson

from reference_platform.clock import Clock
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream

TENANT = "*"
_PATH = "/internal/revocations"
_INTERVAL = 2.0  # seconds between two looks at the list
_PATIENCE = 2.0  # seconds that a look may take
_FIRST = 0.2  # seconds between two looks until the first one succeeds
_TRUSTED = 60.0  # seconds for which the last look counts
_EVERYBODY = Identity(TENANT, "system", "gateway")
_log = logging.getLogger(__name__)


class Revocations:
    """Looks at the list every two seconds. Enter it to start that, leave it to end it."""

    def __init__(self, records: Downstream, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._listed: frozenset[str] = frozenset()
        self._own: dict[str, float] = {}
        self._looked = float("-inf")
        self._looking: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """The first look is on its way; until it succeeds no access token is believed."""
        self._looking = asyncio.create_task(self._keep_looking())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Look no more."""
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking

    def holds(self, jti: str) -> bool:
        """Whether the token `jti` was revoked; Refusal 503 when nobody has looked for a minute."""
        if asyncio.get_running_loop().time() - self._looked > _TRUSTED:
            sentence = "Authorization: revocations cannot be looked up. Ask again in a second."
            raise Refusal(503, sentence, headers={"Retry-After": "1"})
        return jti in self._listed or jti in self._own

    async def add(self, jti: str, expires: float, deadline: Deadline) -> None:
        """Revoke the token `jti`; Refusal or TimeoutError when that could not be stored."""
        body = orjson.dumps({"jti": jti, "expires": expires})
        reply = await self._records.send("POST", _PATH, deadline, _EVERYBODY.header(), body)
        if reply.status != HTTPStatus.CREATED:
            raise Refusal(503, "token: the revocation was not stored. Ask again.")
        self._own[jti] = expires

    async def _keep_looking(self) -> None:
        while True:
            begun = asyncio.get_running_loop().time()
            try:
                await self._look(Deadline(None).within(_PATIENCE))
                self._looked = begun
            except (Refusal, TimeoutError, OSError, ValueError) as error:
                _log.warning("revocations: not looked up: %s", type(error).__name__)
            await asyncio.sleep(_INTERVAL if self._looked > float("-inf") else _FIRST)

    async def _look(self, limit: Deadline) -> None:
        now = self._clock.time()
        async with limit.scope():
            target = f"{_PATH}?now={now}"
            reply = await self._records.send("GET", target, limit, _EVERYBODY.header())
        if reply.status != HTTPStatus.OK:
            raise Refusal(503, "records: no list.")
        self._listed = frozenset(orjson.loads(reply.body)["revoked"])
        # A list that was on its way while this gateway revoked does not name that token yet.
        self._own = {jti: expires for jti, expires in self._own.items() if expires > now}
