"""Patient portal: a patient logs in, looks at the own chart, and at times books a visit."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from locust import task

from codeblue.load.journey import content, succeeded
from codeblue.load.journeys.desk import Desk
from codeblue.load.journeys.fhir import concept, now, reference

# Visits of the portal with a booking, and with a consent: engineering estimates.
BOOKED, CONSENTED = 0.2, 0.1
_CODES = "http://terminology.hl7.org/CodeSystem"
_TYPES = "http://hl7.org/fhir/resource-types"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class PatientPortal(Desk):
    """Acts with an access token that opens one chart only (SMART on FHIR, patient launch)."""

    @task
    def visit(self) -> None:
        """A slot that is offered to the patient is nobody else's, so to be refused is a failure."""
        patient = self.next_patient()
        slot = self.open_slot() if self.happens(BOOKED) else None
        token = self._log_in(patient)
        if token is None:
            return
        self.identify(token)
        self.client.get(f"/v1/patients/{patient}/chart", name="/v1/patients/{id}/chart")
        if slot is not None:
            self.book(slot, patient)
        if self.happens(CONSENTED):
            self._consent(patient)
        self.client.get(
            f"/v1/fhir/Appointment?patient={patient}", name="/v1/fhir/Appointment?patient={id}"
        )

    def _consent(self, patient: str) -> None:
        """The patient permits what is done anyway, so that nobody else's work is refused by it."""
        self.create(
            "/v1/fhir/Consent",
            _permission(patient),
            kind="Consent",
            patient=patient,
            where="/v1/fhir/Consent/{id}",
            must=["resourceType", "status", "patient", "provision"],
        )

    def _log_in(self, patient: str) -> str | None:
        """An access token for this patient, in exchange for the secret of the portal."""
        asked = {
            "grant_type": "client_credentials",
            "client_id": f"{self.tenant}-patient",
            "client_secret": self.session.token(self.tenant, "patient"),
            "patient": patient,
        }
        with self.client.post(
            "/v1/auth/token", data=urlencode(asked), headers=FORM, catch_response=True
        ) as answer:
            token = content(answer).get("access_token")
            if succeeded(answer) and token is None:
                answer.failure("/v1/auth/token: no token in the answer")
        return token


def _permission(patient: str) -> dict[str, Any]:
    """https://hl7.org/fhir/R4/consent.html."""
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": concept(f"{_CODES}/consentscope", "patient-privacy", "Privacy Consent"),
        "category": [concept("http://loinc.org", "59284-0", "Consent Document")],
        "patient": reference("Patient", patient),
        "dateTime": now(),
        "policyRule": concept(f"{_CODES}/v3-ActCode", "OPTIN", "opt-in"),
        "provision": {"type": "permit", "code": [concept(_TYPES, "Observation", "Observation")]},
    }
