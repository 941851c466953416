"""Laboratory requests: recorded first, then sent to the legacy EHR; and their cancellation."""

from __future__ import annotations

from typing import Literal

import orjson
from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.hub.er7 import LaboratoryOrder, new_order_id
from reference_platform.services.hub.legacy_ehr import LegacyEhr
from reference_platform.services.inner import Stored


class LabRequests:
    """Orders for the laboratory of the legacy EHR: requested, then accepted or cancelled.

    An order is recorded with the key of its request before it is sent, so that whoever asks
    again sends the same order under the same control id, and one that is known to be accepted is
    not sent at all.
    """

    def __init__(self, inner: Stored, ehr: LegacyEhr) -> None:
        self._inner = inner
        self._ehr = ehr

    async def send(self, call: Call) -> Response:
        """`POST /v1/lab-requests`."""
        recorded = await self._inner.create_once(call, self._record)
        order_id = str(orjson.loads(bytes(recorded.body))["control_id"])
        order, state = await self._order(call, order_id)
        if state == "cancelled":
            raise Refusal(409, "Laboratory request: it was cancelled. Take a new key.")
        if state != "accepted":
            await self._ehr.send(order, call.deadline)
            await self._advance(call, order_id, "accepted")
        return answer(orjson.dumps({"acknowledgement": "AA", "control_id": order_id}), 201)

    async def cancel(self, call: Call) -> Response:
        """`POST /v1/lab-requests/{id}/cancellation`; again and again gives the same.

        The id may be the key of the request: who never saw its answer knows nothing else.
        """
        order, state = await self._order(call, call.path["id"], "CA")
        if state != "cancelled":
            await self._ehr.send(order, call.deadline)
            await self._advance(call, order.id, "cancelled")
        return answer(orjson.dumps({"id": order.id, "state": "cancelled"}))

    @staticmethod
    async def _record(connection: Connection, call: Call) -> bytes:
        wanted = call.json()
        await require_patient(connection, wanted.get("patient"))
        order_id = new_order_id()
        await connection.execute(
            "INSERT INTO lab_orders (tenant, id, patient, code, key, state) "
            "VALUES ($1, $2, $3, $4, $5, 'requested')",
            call.tenant, order_id, str(wanted.get("patient")), str(wanted.get("code")),
            call.headers.get("Idempotency-Key"),
        )  # fmt: skip
        return orjson.dumps({"control_id": order_id})

    async def _order(
        self, call: Call, named: str, action: Literal["NW", "CA"] = "NW"
    ) -> tuple[LaboratoryOrder, str]:
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(
                "SELECT id, patient, code, state FROM lab_orders WHERE id = $1 OR key = $1", named
            )
        if row is None:
            raise Refusal(404, "Laboratory request: nothing has this id.")
        return LaboratoryOrder(
            tenant=call.tenant,
            id=row["id"],
            patient=row["patient"],
            code=row["code"],
            action=action,
        ), row["state"]

    async def _advance(self, call: Call, order_id: str, state: str) -> None:
        """An order that was cancelled stays so."""
        async with self._inner.transaction(call) as connection:
            await connection.execute(
                "UPDATE lab_orders SET state = $2 WHERE id = $1 AND state <> 'cancelled'",
                order_id, state,
            )  # fmt: skip
