"""Eligibility: the front desk asks an insurer whether a patient is covered."""

from __future__ import annotations

from locust import task

from codeblue.load.journey import Journey

PAYERS = ("northern-mutual", "harbor-health", "state-plan")


class Eligibility(Journey):
    """Asks once; the platform asks the insurer."""

    @task
    def ask(self) -> None:
        """Nothing is stored by a question."""
        patient = self.next_patient()
        question = {"patient": patient, "payer": self.pick(PAYERS), "member": f"M-{patient}"}
        self.client.post("/v1/eligibility", json=question)
