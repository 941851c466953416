"""Answers in the version that was asked for, and says which one comes after it."""

from __future__ import annotations

from dataclasses import replace

from reference_platform.clock import Clock
from reference_platform.decisions.versioned_api import FIRST, VERSIONS, VersionedApi
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.exchange import Exchange, Proceed
from reference_platform.services.gateway.versions import adapted, asked, notices, relocated


class Versioning:
    """The stages behind it, and the services, know the first version only."""

    def __init__(self, versions: VersionedApi, clock: Clock) -> None:
        self._versions = versions
        self._clock = clock

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Refusal 406 when the client accepts other versions only."""
        version, request = asked(exchange.request.scope), exchange.request
        if not self._versions.acceptable(version, request.headers.get("Accept", "*/*")):
            known = ", ".join(VERSIONS)
            raise Refusal(406, f"Accept: this path is {version}. Known versions: {known}.")
        reply = await proceed(exchange)
        if self._versions.served(version) != FIRST:
            reply = adapted(reply, exchange.operation, self._clock.now())
            return relocated(reply, version) if version in VERSIONS[1:] else reply
        if self._versions.announces and (headers := notices(exchange.operation)):
            return replace(reply, headers={**reply.headers, **headers})
        return reply
