"""Orders: placed once, however often the request for them arrives."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored

_UNIT_PRICE = 1250
"""What one unit of anything costs, in cents."""
_MOST = 1000  # units; a quantity that is none, or beyond the contract, is charged as one


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
        await charge(connection, call.tenant, order)
        return orjson.dumps(order)

    async def of_patient(self, call: Call) -> Response:
        """`GET /v1/orders?patient=`: the oldest 1000."""
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(
                "SELECT content::text FROM orders WHERE patient = $1 ORDER BY sequence LIMIT 1000",
                call.query["patient"],
            )
        return answer(f'{{"orders":[{",".join(row["content"] for row in rows)}]}}')


async def charge(connection: Connection, tenant: str, order: Mapping[str, object]) -> None:
    """Charge the patient's account for `order`, in cents, in one statement."""
    quantity = order.get("quantity")
    units = quantity if isinstance(quantity, int) and 1 <= quantity <= _MOST else 1
    await connection.execute(
        "WITH charged AS (INSERT INTO charges (tenant, order_id, patient, amount) "
        " VALUES ($1, $2, $3, $4) RETURNING tenant, patient, amount) "
        "INSERT INTO accounts AS known (tenant, patient, open) SELECT * FROM charged "
        "ON CONFLICT (patient, tenant) DO UPDATE SET open = known.open + excluded.open",
        tenant, order["id"], order["patient"], _UNIT_PRICE * units,
    )  # fmt: skip
