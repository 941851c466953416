"""Renders patients as FHIR R4: Patient, vital-sign Observations and transaction Bundles."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from codeblue.patients.person import Patient, VitalSign
from codeblue.patients.templates import compile_json
from codeblue.workspace import find

Resource = dict[str, Any]

_TEMPLATES = Path("synthetic_data") / "templates" / "fhir_r4"
_PATIENT_FIELDS = (
    "record_number",
    "record_number_system",
    "family",
    "given",
    "middle",
    "gender",
    "birth_date",
    "street",
    "city",
    "state",
    "postal_code",
    "phone",
)
_OBSERVATION_FIELDS = (
    "coding",
    "display",
    "patient_reference",
    "measured_at",
    "value",
    "unit",
    "ucum",
)


class FhirRenderer:
    """Turns patients into FHIR R4 resources by the templates of a workspace."""

    def __init__(self, workspace: Path | None = None) -> None:
        self._patient = compile_json(find(_TEMPLATES / "patient.json", workspace), _PATIENT_FIELDS)
        self._observation = compile_json(
            find(_TEMPLATES / "observation.json", workspace), _OBSERVATION_FIELDS
        )

    def patient(self, patient: Patient) -> Resource:
        """The Patient resource, without an id: the server assigns it."""
        values = {field: getattr(patient, field) for field in _PATIENT_FIELDS}
        return self._patient(values | {"birth_date": patient.birth_date.isoformat()})

    def observations(self, patient: Patient, reference: str | None = None) -> list[Resource]:
        """One Observation per vital sign; ``reference`` is the subject, by default its urn:uuid."""
        subject = reference or f"urn:uuid:{patient.uuid}"
        return [self._observe(patient, sign, subject) for sign in patient.vital_signs]

    def bundle(self, patients: Iterable[Patient]) -> Resource:
        """A transaction that creates the patients, each followed by its Observations."""
        entries = [entry for patient in patients for entry in self._entries(patient)]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    def _entries(self, patient: Patient) -> Iterable[Resource]:
        yield _entry(patient.uuid, self.patient(patient))
        for sign, observation in zip(patient.vital_signs, self.observations(patient), strict=True):
            yield _entry(str(uuid5(UUID(patient.uuid), sign.name)), observation)

    def _observe(self, patient: Patient, sign: VitalSign, subject: str) -> Resource:
        coding = [
            {"system": "http://loinc.org", "code": code, "display": sign.display}
            for code in sign.loinc
        ]
        return self._observation(
            {
                "coding": coding,
                "display": sign.display,
                "patient_reference": subject,
                "measured_at": patient.measured_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "value": sign.value if sign.decimals else int(sign.value),
                "unit": sign.unit,
                "ucum": sign.ucum,
            }
        )


def _entry(uuid: str, resource: Resource) -> Resource:
    return {
        "fullUrl": f"urn:uuid:{uuid}",
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    }
