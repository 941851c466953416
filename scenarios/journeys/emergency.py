"""Emergency: a patient comes in unannounced, is triaged, registered, and blood is taken."""

from __future__ import annotations

from random import gauss
from typing import Any

from locust import task

from codeblue.load.journey import Journey
from codeblue.load.journeys.fhir import ACT_CODES, now, reference

# Visits with blood drawn: an engineering estimate.
TESTED = 0.5
TESTS = ("CBC", "BMP", "TROPONIN", "LACTATE")


class Emergency(Journey):
    """Asks what the hospital's own triage says, writes an encounter, requests a test."""

    @task
    def arrive(self) -> None:
        """Triage comes before anybody asks for a name; it stores nothing."""
        patient = self.next_patient()
        self.client.post("/v1/triage", json=_vitals())
        registered = self.create(
            "/v1/fhir/Encounter",
            _encounter(patient),
            kind="Encounter",
            patient=patient,
            where="/v1/fhir/Encounter/{id}",
            must=["resourceType", "status", "class", "subject"],
        )
        if registered is not None and self.happens(TESTED):
            test = {"patient": patient, "code": self.pick(TESTS)}
            key = {"Idempotency-Key": self.unique("ED-")}
            self.client.post("/v1/lab-requests", json=test, headers=key)


def _vitals() -> dict[str, Any]:
    return {
        "respiration_rate": round(gauss(20, 4)),
        "oxygen_saturation": min(round(gauss(95, 2)), 100),
        "supplemental_oxygen": False,
        "systolic_blood_pressure": round(gauss(130, 18)),
        "pulse": round(gauss(92, 15)),
        "temperature": round(gauss(37.2, 0.7), 1),
        "consciousness": "A",
    }


def _encounter(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": "triaged",
        "class": {"system": ACT_CODES, "code": "EMER"},
        "subject": reference("Patient", patient),
        "period": {"start": now()},
    }
