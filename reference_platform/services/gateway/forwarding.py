"""The end of the gateway's stages: the gateway answers itself, or a service does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.gateway.exchange import Exchange

Answer = Callable[[Exchange], Awaitable[Reply]]


class Forwarding:
    """Passes exchanges on.

    Args:
        services: the way to each service, by its name.
        own: what the gateway answers itself, by the id of the operation.
    """

    def __init__(self, services: Mapping[str, Downstream], own: Mapping[str, Answer]) -> None:
        self._services = services
        self._own = own

    async def __call__(self, exchange: Exchange) -> Reply:
        """The reply to `exchange`; Refusal, or TimeoutError at its deadline."""
        operation = exchange.operation
        if operation.service is None:
            return await self._own[operation.id](exchange)
        headers = exchange.who.header() | exchange.headers
        service = self._services[operation.service]
        return await service.send(
            operation.method,
            exchange.target,
            exchange.deadline,
            headers,
            exchange.body,
            repeatable=exchange.repeatable,
        )
