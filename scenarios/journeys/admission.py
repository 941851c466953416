"""Admission: a patient arrives on the ward and the first vital signs are taken."""

from __future__ import annotations

from datetime import UTC, datetime
from random import gauss
from typing import Any

from locust import task

from codeblue.load.journey import Journey

ACT_CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
# LOINC code, name, mean, standard deviation, UCUM unit: resting adults, to one decimal.
VITAL_SIGNS = (
    ("8867-4", "Heart rate", 76.0, 11.0, "/min"),
    ("8310-5", "Body temperature", 36.8, 0.4, "Cel"),
)


class Admission(Journey):
    """Writes one encounter and two observations, as FHIR R4."""

    @task
    def admit(self) -> None:
        """The encounter first; without it there is nothing to observe."""
        patient = self.patient()
        encounter = self._write(patient, _encounter(patient), must=["status", "subject"])
        if encounter is not None:
            for sign in VITAL_SIGNS:
                self._write(
                    patient,
                    _observation(patient, encounter, *sign),
                    must=["subject", "valueQuantity"],
                )

    def _write(self, patient: str, resource: dict[str, Any], must: list[str]) -> str | None:
        path = f"/v1/fhir/{resource['resourceType']}"
        return self.create(
            path,
            resource,
            kind=resource["resourceType"],
            patient=patient,
            where=f"{path}/{{id}}",
            must=["resourceType", *must],
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _encounter(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": ACT_CODES, "code": "IMP"},
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": _now()},
    }


def _observation(
    patient: str, encounter: str, code: str, name: str, mean: float, deviation: float, unit: str
) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": name}]},
        "subject": {"reference": f"Patient/{patient}"},
        "encounter": {"reference": f"Encounter/{encounter}"},
        "effectiveDateTime": _now(),
        "valueQuantity": {
            "value": round(gauss(mean, deviation), 1),
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        },
    }
