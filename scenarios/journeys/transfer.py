"""Transfer: a patient's record is sent on to another institution's FHIR server."""

from __future__ import annotations

from locust import task

from codeblue.load.journey import Journey


class Transfer(Journey):
    """Sends one record; the platform waits until the partner has taken it."""

    @task
    def send_record(self) -> None:
        """Under a key, so that the partner has it once."""
        key = {"Idempotency-Key": self.unique("transfer-")}
        self.client.post("/v1/transfers", json={"patient": self.next_patient()}, headers=key)
