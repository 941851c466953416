"""Booking: the front desk opens a slot and books a patient into it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from uuid import uuid4

from locust import task

from codeblue.load.journey import Journey

# How often the desk looks at what it just booked.
READ_BACK = 0.3
_FIRST_DAY = datetime(2031, 3, 3, 8, tzinfo=UTC)


class Booking(Journey):
    """Makes a slot, books it, and sometimes looks at it again."""

    @task
    def book(self) -> None:
        """Every booking has a slot of its own, so a conflict is a failure."""
        slot = self._open_slot()
        if slot is None:
            return
        patient = self.patient()
        where = f"/v1/appointments?slot={slot}"
        booked = self.create(
            "/v1/appointments",
            {"slot": slot, "patient": patient},
            kind="appointment",
            patient=patient,
            where=where,
            must=["slot", "patient"],
        )
        if booked is not None and random.random() < READ_BACK:  # noqa: S311 - a workload
            self.client.get(where, name="/v1/appointments?slot={id}")

    def _open_slot(self) -> str | None:
        start = _FIRST_DAY + timedelta(minutes=30 * random.randrange(10_000))  # noqa: S311 - ditto
        slot = {
            "practitioner": f"practitioner-{uuid4().hex}",
            "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{start + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}",
        }
        with self.client.post("/v1/slots", json=slot, catch_response=True) as answer:
            if answer.status_code == HTTPStatus.CREATED:
                return str(answer.json()["id"])
            answer.failure(f"/v1/slots: {answer.status_code} is not 201")
        return None
