"""Discharge: a patient goes home, and a letter says so."""

from __future__ import annotations

from http import HTTPStatus

from locust import task

from codeblue.load.journey import Journey

SUMMARIES = (
    "Admitted with community-acquired pneumonia, treated with amoxicillin, well at discharge.",
    "Observed overnight after a fall. No fracture. To see the family physician in a week.",
    "Elective laparoscopic cholecystectomy without complication. Wound check in ten days.",
    "Heart failure, decompensated; diuresis of 6 kg. Weigh daily, low salt, clinic in 7 days.",
)


class Discharge(Journey):
    """Asks for one letter, and looks how far it is."""

    @task
    def send_home(self) -> None:
        """The letter is written after the answer; accepted means that it will be."""
        patient = self.next_patient()
        accepted = self.create(
            "/v1/discharges",
            {"patient": patient, "summary": self.pick(SUMMARIES)},
            kind="letter",
            patient=patient,
            where="/v1/letters/{id}",
            must=["id"],
            headers={"Idempotency-Key": self.unique("letter-")},
            status=HTTPStatus.ACCEPTED,
        )
        if accepted is not None:
            self.client.get(f"/v1/letters/{accepted}", name="/v1/letters/{id}")
