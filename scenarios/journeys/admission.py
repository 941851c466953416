"""Admission: a patient arrives on the ward, the first vital signs are taken and scored."""

from __future__ import annotations

from random import gauss
from typing import Any

from locust import task

from codeblue.load.journey import Journey, content, succeeded
from codeblue.load.journeys.fhir import ACT_CODES, LOINC, concept, now, quantity, reference

FHIR = "/v1/fhir"
# What NEWS2 is made of (Royal College of Physicians, 2017), by LOINC code: name, mean and standard
# deviation of adults on a ward (engineering estimates), decimals, most that can be, UCUM unit.
VITAL_SIGNS = (
    ("9279-1", "Respiratory rate", 16.0, 2.5, 0, 60, "/min"),
    ("59408-5", "Oxygen saturation", 96.5, 1.5, 0, 100, "%"),
    ("3151-8", "Inhaled oxygen flow rate", 0.0, 0.0, 0, 0, "L/min"),
    ("8480-6", "Systolic blood pressure", 124.0, 14.0, 0, 250, "mm[Hg]"),
    ("8867-4", "Heart rate", 78.0, 11.0, 0, 220, "/min"),
    ("8310-5", "Body temperature", 36.8, 0.4, 1, 43, "Cel"),
)
CONSCIOUSNESS = concept(LOINC, "80288-4", "Level of consciousness AVPU")
ALERT = concept("http://snomed.info/sct", "248234008", "Mentally alert")


class Admission(Journey):
    """Writes one encounter and seven observations, as FHIR R4, and reads the NEWS2 score."""

    @task
    def admit(self) -> None:
        """The encounter first; without it there is nothing to observe."""
        patient = self.next_patient()
        encounter = self.create(
            f"{FHIR}/Encounter",
            _encounter(patient),
            kind="Encounter",
            patient=patient,
            where=f"{FHIR}/Encounter/{{id}}",
            must=["resourceType", "status", "subject"],
        )
        if encounter is not None and self._measure(patient, encounter):
            self.client.get(f"/v1/patients/{patient}/news2", name="/v1/patients/{id}/news2")

    def _measure(self, patient: str, encounter: str) -> bool:
        """All vital signs in one transaction; whether it was done, with an id for each."""
        taken = _observations(patient, encounter)
        with self.send("POST", FHIR, _transaction(taken)) as answer:
            if not succeeded(answer):
                return False
            ids = _created(content(answer))
            if len(ids) != len(taken):
                answer.failure(f"{FHIR}: {len(ids)} of {len(taken)} observations were created")
                return False
            for identity, resource in zip(ids, taken, strict=True):
                where = f"{FHIR}/Observation/{identity}"
                self.acknowledge("Observation", identity, patient, where, resource)
        return True


def _encounter(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": ACT_CODES, "code": "IMP"},
        "subject": reference("Patient", patient),
        "period": {"start": now()},
    }


def _observations(patient: str, encounter: str) -> list[dict[str, Any]]:
    about = {
        "resourceType": "Observation",
        "status": "final",
        "subject": reference("Patient", patient),
        "encounter": reference("Encounter", encounter),
        "effectiveDateTime": now(),
    }
    measured = [
        {
            **about,
            "code": concept(LOINC, code, name),
            "valueQuantity": quantity(_value(mean, deviation, decimals, most), unit),
        }
        for code, name, mean, deviation, decimals, most, unit in VITAL_SIGNS
    ]
    return [*measured, {**about, "code": CONSCIOUSNESS, "valueCodeableConcept": ALERT}]


def _value(mean: float, deviation: float, decimals: int, most: float) -> float:
    return min(round(gauss(mean, deviation), decimals or None), most)


def _transaction(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
            for resource in resources
        ],
    }


def _created(response: dict[str, Any]) -> list[str]:
    """The ids in a transaction-response, in its order: ``[base]/[type]/[id]/_history/[vid]``."""
    locations = [entry["response"]["location"] for entry in response.get("entry", [])]
    return [where.partition("/_history/")[0].rpartition("/")[2] for where in locations]
