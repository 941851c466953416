"""Chart review: a clinician opens a patient's chart before the visit."""

from __future__ import annotations

from locust import task

from codeblue.load.journey import Journey


class ChartReview(Journey):
    """Reads one chart."""

    @task
    def open_chart(self) -> None:
        """The chart is one request: demographics, observations, allergies."""
        patient = self.next_patient()
        self.client.get(f"/v1/patients/{patient}/chart", name="/v1/patients/{id}/chart")
