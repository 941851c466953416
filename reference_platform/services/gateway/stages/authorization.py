"""Lets through what the role and the scopes of the token grant."""

from __future__ import annotations

from reference_platform.decisions.object_scopes import ObjectScopes
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.exchange import Exchange, Proceed

BREAK_GLASS = "X-Break-Glass"


class Authorization:
    """Looks at the operation, before anything of the request is read."""

    def __init__(self, scopes: ObjectScopes) -> None:
        self._scopes = scopes

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Refusal 403 for an operation that was not granted; BTG is the purpose from here on."""
        operation = exchange.operation
        if not operation.public:
            self._scopes.access(exchange.who, operation.needs, operation.roles)
            reason = exchange.request.headers.get(BREAK_GLASS)
            exchange.who = self._scopes.emergency(exchange.who, reason)
        return await proceed(exchange)
