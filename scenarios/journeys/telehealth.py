"""Telehealth: a clinician sees a patient by video, measures nothing, and prescribes at times."""

from __future__ import annotations

from random import gauss
from typing import Any

from locust import task

from codeblue.load.journey import Journey
from codeblue.load.journeys.fhir import ACT_CODES, LOINC, concept, now, quantity, reference

# Calls with a prescription: an engineering estimate.
PRESCRIBED = 0.4
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
MEDICATIONS = (
    ("308182", "Amoxicillin 250 MG Oral Capsule"),
    ("310965", "Ibuprofen 200 MG Oral Tablet"),
    ("313782", "Acetaminophen 325 MG Oral Tablet"),
)


class Telehealth(Journey):
    """Opens the chart, writes the encounter and the temperature that the patient tells."""

    @task
    def call(self) -> None:
        """The chart first, as before every visit."""
        patient = self.next_patient()
        self.client.get(f"/v1/patients/{patient}/chart", name="/v1/patients/{id}/chart")
        encounter = self._write(patient, _encounter(patient))
        if encounter is None:
            return
        self._write(patient, _temperature(patient, encounter))
        if self.happens(PRESCRIBED):
            self._write(patient, _prescription(patient, *self.pick(MEDICATIONS)))

    def _write(self, patient: str, resource: dict[str, Any]) -> str | None:
        path = f"/v1/fhir/{resource['resourceType']}"
        return self.create(
            path,
            resource,
            kind=resource["resourceType"],
            patient=patient,
            where=f"{path}/{{id}}",
            must=list(resource),
        )


def _encounter(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": ACT_CODES, "code": "VR"},
        "subject": reference("Patient", patient),
        "period": {"start": now()},
    }


def _temperature(patient: str, encounter: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(LOINC, "8310-5", "Body temperature"),
        "subject": reference("Patient", patient),
        "encounter": reference("Encounter", encounter),
        "effectiveDateTime": now(),
        "valueQuantity": quantity(round(gauss(37.1, 0.6), 1), "Cel"),
    }


def _prescription(patient: str, code: str, name: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, code, name),
        "subject": reference("Patient", patient),
        "authoredOn": now(),
    }
