"""FHIR write: an observation is written, read back and put right, as any R4 server offers it."""

from __future__ import annotations

from random import gauss
from typing import Any

from locust import task

from codeblue.load.journey import content, succeeded
from codeblue.load.journeys.fhir import LOINC, FhirJourney, concept, now, quantity, reference

# Of a resting adult, beats a minute: mean and standard deviation (an engineering estimate).
HEART_RATE = 76.0, 11.0
# Observations of the wrong patient, which are taken away: an engineering estimate.
MISTAKEN = 0.1
PROMISED = ("resourceType", "status", "subject", "code", "effectiveDateTime", "valueQuantity")


class FhirWrite(FhirJourney):
    """Creates a preliminary heart rate and reads it; then makes it final, or takes it away."""

    def prepare(self) -> None:
        """Look at what can be written."""
        super().prepare()
        self.need("Observation", "create")
        self._reads = self.capabilities.can("Observation", "read")
        self._replaces = self.capabilities.can("Observation", "update")
        self._removes = self.capabilities.can("Observation", "delete")
        self._type = f"{self.fhir}/Observation"
        self._name = f"{self._type}/{{id}}"

    @task
    def write(self) -> None:
        """What follows names the version that it is about, if the server says which it is."""
        patient = self.next_patient()
        resource = _heart_rate(patient)
        identity = self.create(
            self._type,
            resource,
            kind="Observation",
            patient=patient,
            where=self._name,
            must=PROMISED,
        )
        version = self._read(identity) if identity is not None and self._reads else None
        if version is None:
            return
        if self._removes and self.happens(MISTAKEN):
            where = f"{self._type}/{identity}"
            self.remove(
                where, kind="Observation", patient=patient, name=self._name, headers=version
            )
        elif self._replaces:
            self._correct(patient, {**resource, "id": identity}, version)

    def _read(self, identity: str) -> dict[str, str] | None:
        """The header that names the version that was read; ``None`` when it was not read."""
        where = f"{self._type}/{identity}"
        with self.client.get(where, name=self._name, catch_response=True) as answer:
            read = content(answer).get("id") == identity
            if succeeded(answer) and not read:
                answer.failure(f"{self._name}: the answer is not the Observation just created")
            tag = answer.headers.get("ETag") if answer.headers else None
        version = {"If-Match": str(tag)} if tag else {}
        return version if read else None

    def _correct(self, patient: str, resource: dict[str, Any], version: dict[str, str]) -> None:
        corrected = {**resource, "status": "final", "valueQuantity": _beats()}
        self.replace(
            f"{self._type}/{resource['id']}",
            corrected,
            kind="Observation",
            patient=patient,
            must=PROMISED,
            name=self._name,
            headers=version,
        )


def _heart_rate(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "preliminary",
        "code": concept(LOINC, "8867-4", "Heart rate"),
        "subject": reference("Patient", patient),
        "effectiveDateTime": now(),
        "valueQuantity": _beats(),
    }


def _beats() -> dict[str, Any]:
    return quantity(round(gauss(*HEART_RATE)), "/min")
