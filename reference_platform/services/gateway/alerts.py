"""Alerts: told to records, and to the log when records does not hear."""

from __future__ import annotations

from http import HTTPStatus

import orjson
import structlog

from reference_platform.clock import Clock
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream

OPEN_SECONDS = 900.0
"""For how long one broken glass counts as one; whoever goes on after that breaks it again."""
_PATIENCE = 0.5  # seconds; an emergency does not wait longer for the record of it
_REMEMBERED = 4096
_log = structlog.get_logger("reference_platform")


class Alerts:
    """Tells once per window."""

    def __init__(self, records: Downstream, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._open: dict[tuple[str, str, str], float] = {}

    async def glass_broken(
        self, who: Identity, target: str, reason: str, deadline: Deadline
    ) -> None:
        """Tell that `who` overrides consent to get `target`, once in OPEN_SECONDS."""
        key, now = (who.tenant, who.subject, target), self._clock.time()
        if self._open.get(key, now) > now:
            return
        if await self._tell(who, "break-glass", target, reason, deadline):
            if len(self._open) >= _REMEMBERED:
                self._open.clear()
            self._open[key] = now + OPEN_SECONDS

    async def log_in(self, client: Identity, deadline: Deadline) -> None:
        """Tell that somebody tries secrets of `client`."""
        reason = "Too many failed tries to log in."
        await self._tell(client, "log-in", f"client/{client.subject}", reason, deadline)

    async def _tell(
        self, who: Identity, kind: str, target: str, reason: str, deadline: Deadline
    ) -> bool:
        """Whether records keeps it. The reason stays out of the log: it may name a patient."""
        _log.warning("alert", kind=kind, tenant=who.tenant, role=who.role)
        alert = {"kind": kind, "target": target, "reason": reason, "seconds": OPEN_SECONDS}
        limit = deadline.within(_PATIENCE)
        try:
            async with limit.scope():
                reply = await self._records.send(
                    "POST", "/internal/alerts", limit, who.header(), orjson.dumps(alert)
                )
        except (Refusal, TimeoutError) as error:
            _log.error("alert not kept", kind=kind, error=type(error).__name__)
            return False
        return reply.status == HTTPStatus.CREATED
