"""Lets in as many as can be served, in a fair order."""

from __future__ import annotations

from reference_platform.decisions.admission_control import AdmissionControl
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.exchange import Exchange, Proceed


class Admission:
    """Holds a permit while somebody's request is worked on."""

    def __init__(self, control: AdmissionControl) -> None:
        self._control = control

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Refusal 429 or 503; what is public, or costs no other service, needs no permit."""
        operation = exchange.operation
        if operation.public or operation.service is None:
            return await proceed(exchange)
        async with self._control.permit(exchange.who.tenant, operation.priority, exchange.deadline):
            return await proceed(exchange)
