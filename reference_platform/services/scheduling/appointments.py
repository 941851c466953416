"""Appointments: one patient has one slot."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.decisions.concurrency_control import Booking
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored
from reference_platform.services.scheduling.views import appointment_resource
from reference_platform.services.searchset import PREFIX


class Appointments:
    """Booked slots."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner
        self._concurrency = inner.decisions.concurrency_control

    async def book(self, call: Call) -> Response:
        """`POST /v1/appointments`."""
        return await self._inner.create_once(call, self._insert)

    async def book_resource(self, call: Call) -> Response:
        """`POST /v1/fhir/Appointment`."""
        wanted: dict[str, Any] = call.json()
        slot = _id_in(wanted["slot"][0])
        patient = _id_in(wanted["participant"][0]["actor"])
        async with self._inner.transaction(call) as connection:
            booking = await self._book(connection, call.tenant, slot, patient)
            held = await connection.fetchval("SELECT content::text FROM slots WHERE id = $1", slot)
        content = appointment_resource(booking.id, slot, patient, orjson.loads(held))
        return answer(content, 201, Location=f"{PREFIX}/Appointment/{booking.id}")

    async def _insert(self, connection: Connection, call: Call) -> bytes:
        wanted = call.json()
        slot, patient = str(wanted.get("slot")), str(wanted.get("patient"))
        booking = await self._book(connection, call.tenant, slot, patient)
        return _appointment(booking.id, slot, patient)

    async def _book(self, connection: Connection, tenant: str, slot: str, patient: str) -> Booking:
        await require_patient(connection, patient)
        if await connection.fetchval("SELECT 1 FROM slots WHERE id = $1", slot) is None:
            raise Refusal(404, "Slot: nothing has this id.")
        booking = Booking(tenant, new_id(), slot, patient)
        await self._concurrency.book(connection, booking)
        await connection.execute("UPDATE slots SET status = 'booked' WHERE id = $1", slot)
        return booking

    async def of_slot(self, call: Call) -> Response:
        """`GET /v1/appointments?slot=`: the first 100."""
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(
                "SELECT id, slot, patient FROM appointments "
                "WHERE slot = $1 ORDER BY sequence LIMIT 100",
                call.query["slot"],
            )
        return answer(b'{"appointments":[' + b",".join(_appointment(*row) for row in rows) + b"]}")


def _id_in(link: dict[str, str]) -> str:
    return link["reference"].rpartition("/")[2]


def _appointment(appointment_id: str, slot: str, patient: str) -> bytes:
    return orjson.dumps({"id": appointment_id, "slot": slot, "patient": patient})
