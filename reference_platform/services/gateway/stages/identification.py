"""Finds out who is asking, before anything else looks at the request."""

from __future__ import annotations

from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.authentication import Authentication
from reference_platform.services.gateway.exchange import Exchange, Proceed


class Identification:
    """Fills `who`; what is public needs nobody."""

    def __init__(self, authentication: Authentication) -> None:
        self._authentication = authentication

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Refusal 401 unless somebody is known to ask, or anybody may."""
        if not exchange.operation.public:
            header = exchange.request.headers.get("Authorization")
            exchange.who = self._authentication.identify(header)
        return await proceed(exchange)
