"""Laboratory: a clinician requests a test from the old laboratory system, and at times not."""

from __future__ import annotations

from http import HTTPStatus

from locust import task

from codeblue.load.journey import Journey, content

TESTS = ("CBC", "BMP", "LIPID", "TSH", "HBA1C", "CRP")
# Requests that are taken back: an engineering estimate.
CANCELLED = 0.1


class Laboratory(Journey):
    """Requests one test; the platform sends it to the legacy EHR and waits for its answer."""

    @task
    def request(self) -> None:
        """What was requested twice would be drawn twice, so every request has a key."""
        patient = self.next_patient()
        wanted = {"patient": patient, "code": self.pick(TESTS)}
        key = {"Idempotency-Key": self.unique("lab-")}
        with self.send("POST", "/v1/lab-requests", wanted, headers=key) as answer:
            requested = answer.status_code == HTTPStatus.CREATED
            control_id = content(answer)["control_id"] if requested else None
        if requested and self.happens(CANCELLED):
            self.client.post(
                f"/v1/lab-requests/{control_id}/cancellation",
                name="/v1/lab-requests/{id}/cancellation",
            )
