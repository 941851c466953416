"""Finds out who is asking, before anything else looks at the request."""

from __future__ import annotations

from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.authentication import Authentication
from reference_platform.services.gateway.exchange import Exchange, Proceed

_IN_ADDRESS = b"access_token="


class Identification:
    """Fills `who`; what is public needs nobody."""

    def __init__(self, authentication: Authentication) -> None:
        self._authentication = authentication

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Refusal 401 unless somebody is known to ask, or anybody may."""
        if not exchange.operation.public:
            _require_clean_address(exchange.request.scope["query_string"])
            header = exchange.request.headers.get("Authorization")
            exchange.who = self._authentication.identify(header)
        return await proceed(exchange)


def _require_clean_address(query: bytes) -> None:
    """Addresses end up in logs and histories, and so would the token."""
    if _IN_ADDRESS in query:
        sentence = "Authorization: a token does not belong into the address."
        header = 'Bearer realm="platform", error="invalid_request"'
        raise Refusal(401, sentence, headers={"WWW-Authenticate": header})
