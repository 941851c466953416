"""Ordering: a clinician orders for a patient and checks that the order is there."""

from __future__ import annotations

import random
from uuid import uuid4

from locust import task

from codeblue.load.journey import Journey


class Ordering(Journey):
    """Places one order under an idempotency key and reads it back."""

    @task
    def order(self) -> None:
        """The code is unique to the order, so that a second copy of it can be told."""
        patient = self.patient()
        where = f"/v1/orders?patient={patient}"
        order = {
            "patient": patient,
            "code": f"CBC-{uuid4().hex[:12]}",
            "quantity": random.randint(1, 5),  # noqa: S311 - a workload, not a secret
        }
        placed = self.create(
            "/v1/orders",
            order,
            kind="order",
            patient=patient,
            where=where,
            must=["patient", "code", "quantity"],
            headers={"Idempotency-Key": str(uuid4())},
        )
        if placed is not None:
            self.client.get(where, name="/v1/orders?patient={id}")
