"""Visits, as the ADT feed has told them."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored

_LISTED = 1000


class Visits:
    """What the hub knows of stays in hospital."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def read(self, call: Call) -> Response:
        """`GET /v1/visits/{visit}`."""
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(
                "SELECT visit, patient, status, ward, admissions, events FROM visits "
                "WHERE visit = $1 LIMIT 1",
                call.path["visit"],
            )
        if row is None:
            raise Refusal(404, "Visit: nothing has this number.")
        return answer(orjson.dumps(dict(row)))

    async def events(self, call: Call) -> Response:
        """`GET /v1/visits/{visit}/events`: each message in the canonical model, oldest first."""
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(
                "SELECT content::text FROM canonical_events WHERE visit = $1 "
                "ORDER BY occurred, control_id LIMIT $2",
                call.path["visit"], _LISTED,
            )  # fmt: skip
        if not rows:
            raise Refusal(404, "Visit: nothing has this number.")
        return answer(orjson.dumps({"events": [orjson.Fragment(row[0]) for row in rows]}))
