"""Ordering: a clinician orders for a patient and checks that the order is there."""

from __future__ import annotations

from locust import task

from codeblue.load.journey import Journey

QUANTITIES = (1, 2, 3, 4, 5)


class Ordering(Journey):
    """Places one order under an idempotency key and reads it back."""

    @task
    def order(self) -> None:
        """The code is unique to the order, so that a second copy of it can be told."""
        patient = self.next_patient()
        where = f"/v1/orders?patient={patient}"
        code = self.unique("CBC-")
        placed = self.create(
            "/v1/orders",
            {"patient": patient, "code": code, "quantity": self.pick(QUANTITIES)},
            kind="order",
            patient=patient,
            where=where,
            must=["patient", "code", "quantity"],
            headers={"Idempotency-Key": code},
        )
        if placed is not None:
            self.client.get(where, name="/v1/orders?patient={id}")
