"""Slots: times at which a practitioner can see somebody."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored


class Slots:
    """Offered slots, free or booked."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def offer(self, call: Call) -> Response:
        """`POST /v1/slots`."""
        content: dict[str, Any] = call.json()
        slot_id = new_id()
        async with self._inner.transaction(call) as connection:
            await connection.execute(
                "INSERT INTO slots (tenant, id, content) VALUES ($1, $2, $3)",
                call.tenant, slot_id, orjson.dumps(content).decode(),
            )  # fmt: skip
        return answer(_slot(slot_id, "free", content), 201)

    async def search(self, call: Call) -> Response:
        """`GET /v1/slots?status=`: the newest 200."""
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(
                "SELECT id, status, content::text FROM slots "
                "WHERE tenant = $1 AND ($2::text IS NULL OR status = $2) "
                "ORDER BY sequence DESC LIMIT 200",
                call.tenant, call.query.get("status"),
            )  # fmt: skip
        slots = [_slot(row["id"], row["status"], orjson.loads(row["content"])) for row in rows]
        return answer(b'{"slots":[' + b",".join(slots) + b"]}")


def _slot(slot_id: str, status: str, content: dict[str, Any]) -> bytes:
    return orjson.dumps(content | {"id": slot_id, "status": status})
