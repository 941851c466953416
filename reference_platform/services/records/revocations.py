"""Access tokens that were revoked before they expired, for all gateways."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored


class Revocations:
    """Token ids, kept until the token would have expired anyway."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def read(self, call: Call) -> Response:
        """`GET /internal/revocations?now=`: `now` in seconds since the epoch."""
        now = _seconds(call.query.get("now"))
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch("SELECT jti FROM revocations WHERE expires > $1", now)
        return answer(orjson.dumps({"revoked": [row["jti"] for row in rows]}))

    async def add(self, call: Call) -> Response:
        """`POST /internal/revocations`: 201 once it is stored."""
        wanted = call.json()
        async with self._inner.transaction(call) as connection:
            await connection.execute(
                "DELETE FROM revocations WHERE expires <= $1", self._inner.settings.clock.time()
            )
            await connection.execute(
                "INSERT INTO revocations (tenant, jti, expires) VALUES ($1, $2, $3) "
                "ON CONFLICT DO NOTHING",
                call.tenant, str(wanted["jti"]), float(wanted["expires"]),
            )  # fmt: skip
        return answer(b"{}", 201)


def _seconds(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise Refusal(400, "now: write seconds since the epoch.") from None
