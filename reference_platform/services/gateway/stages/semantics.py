"""Lets in resources that can be true, after the schema has found them well-formed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson

from reference_platform.decisions.semantic_validation import SemanticValidation
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.exchange import Exchange, Proceed


class SemanticStage:
    """Looks at every resource that is sent, and writes its vital signs in their own units."""

    def __init__(self, validation: SemanticValidation, now: Callable[[], datetime]) -> None:
        self._validation = validation
        self._now = now

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Refusal 422 for what cannot be true."""
        if exchange.body is not None and b'"resourceType"' in exchange.body:
            resource = self._validation.resource(orjson.loads(exchange.body), self._now())
            exchange.body = orjson.dumps(resource)
        return await proceed(exchange)
