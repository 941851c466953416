"""Orders: placed once, however often the request for them arrives."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored


class Orders:
    """Medication and service orders."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def place(self, call: Call) -> Response:
        """`POST /v1/orders`."""
        return await self._inner.create_once(call, self._insert)

    async def _insert(self, connection: Connection, call: Call) -> bytes:
        order = {"id": new_id()} | call.json()
        patient = order.get("patient")
        await require_patient(connection, patient)
        await connection.execute(
            "INSERT INTO orders (tenant, id, patient, content) VALUES ($1, $2, $3, $4)",
            call.tenant, order["id"], patient, orjson.dumps(order).decode(),
        )  # fmt: skip
        return orjson.dumps(order)

    async def of_patient(self, call: Call) -> Response:
        """`GET /v1/orders?patient=`: the oldest 1000."""
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(
                "SELECT content::text FROM orders WHERE patient = $1 ORDER BY sequence LIMIT 1000",
                call.query["patient"],
            )
        return answer(f'{{"orders":[{",".join(row["content"] for row in rows)}]}}')
