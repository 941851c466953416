"""Referral: a clinician sends a patient to a specialist, which four systems have to agree on."""

from __future__ import annotations

from http import HTTPStatus

from locust import task

from codeblue.load.journeys.desk import Desk

SPECIALTIES = ("cardiology", "dermatology", "neurology", "orthopedics", "gastroenterology")
PAYERS = ("northern-mutual", "harbor-health", "state-plan")


class Referral(Desk):
    """Submits one referral into a slot of its own, and asks how far it is."""

    @task
    def refer(self) -> None:
        """Accepted is a promise: it can be read from then on, and comes to an end."""
        patient = self.next_patient()
        slot = self.open_slot()
        if slot is None:
            return
        referral = {
            "patient": patient,
            "slot": slot,
            "specialty": self.pick(SPECIALTIES),
            "payer": self.pick(PAYERS),
            "member": f"M-{patient}",
        }
        accepted = self.create(
            "/v1/referrals",
            referral,
            kind="referral",
            patient=patient,
            where="/v1/referrals/{id}",
            must=["id"],
            headers={"Idempotency-Key": self.unique("referral-")},
            status=HTTPStatus.ACCEPTED,
        )
        if accepted is not None:
            self.client.get(f"/v1/referrals/{accepted}", name="/v1/referrals/{id}")
