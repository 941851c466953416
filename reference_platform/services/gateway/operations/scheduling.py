"""Slots and appointments: done by scheduling."""

from __future__ import annotations

from reference_platform.contract import exchanges
from reference_platform.services.gateway.operations.operation import Operation

SCHEDULING: list[Operation] = [
    Operation(
        "offerSlot", "Offer a slot", "POST", "/v1/slots", "scheduling", exchanges.Slot, 201,
        body=exchanges.SlotRequest, refusals=(502,), resource="Slot", interaction="c",
    ),
    Operation(
        "listSlots", "Slots", "GET", "/v1/slots", "scheduling", exchanges.Slots,
        query=exchanges.SlotFilter, refusals=(502,), resource="Slot", interaction="s",
    ),
    Operation(
        "bookAppointment", "Book a slot", "POST", "/v1/appointments", "scheduling",
        exchanges.Appointment, 201, body=exchanges.AppointmentRequest, refusals=(404, 409, 502),
        resource="Appointment", interaction="c", idempotency_key=True,
    ),
    Operation(
        "listAppointments", "The appointments of a slot", "GET", "/v1/appointments", "scheduling",
        exchanges.Appointments, query=exchanges.OfSlot, refusals=(502,), resource="Appointment",
        interaction="s",
    ),
]  # fmt: skip
