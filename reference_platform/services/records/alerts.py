"""Alerts: what somebody has to look at, such as a broken glass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
from starlette.responses import Response

from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored

# One alert per window, also when two gateways tell of it.
_INSERT = """
    INSERT INTO alerts (tenant, id, kind, subject, role, target, reason, recorded, ends)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
    WHERE NOT EXISTS (
        SELECT FROM alerts
        WHERE tenant = $1 AND kind = $3 AND subject = $4 AND target = $6 AND ends > $8
    )
"""
_NEWEST = """
    SELECT id, kind, subject, role, target, reason, recorded, ends FROM alerts
    WHERE tenant = $1 ORDER BY sequence DESC LIMIT 200
"""


class Alerts:
    """The alerts of a tenant."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def add(self, call: Call) -> Response:
        """`POST /internal/alerts`: whoever asks is whom it is about."""
        alert, now = call.json(), self._inner.settings.clock.now()
        async with self._inner.transaction(call) as connection:
            await connection.execute(
                _INSERT, call.tenant, new_id(), str(alert["kind"]), call.who.subject,
                call.who.role, str(alert["target"]), str(alert["reason"]), now,
                now + timedelta(seconds=float(alert["seconds"])),
            )  # fmt: skip
        return answer(b"{}", 201)

    async def newest(self, call: Call) -> Response:
        """`GET /v1/alerts`: the newest 200."""
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(_NEWEST, call.tenant)
        alerts = [{name: _plain(value) for name, value in row.items()} for row in rows]
        return answer(orjson.dumps({"alerts": alerts}))


def _plain(value: str | datetime) -> str:
    if isinstance(value, str):
        return value
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
