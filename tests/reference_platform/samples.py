"""One valid resource of every type that clients create."""

from __future__ import annotations

from typing import Any

Resource = dict[str, Any]


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def resource(kind: str, patient: str) -> Resource:
    subject = {"reference": f"Patient/{patient}"}
    bodies: dict[str, Resource] = {
        "Patient": {"name": [{"family": "Proband"}], "gender": "male", "birthDate": "1980-05-17"},
        "Observation": {
            "status": "final",
            "category": [concept("http://x.org/category", "vital-signs")],
            "code": {
                "coding": [
                    {"system": "http://loinc.org", "code": "59408-5"},
                    {"system": "http://loinc.org", "code": "2708-6"},
                ]
            },
            "subject": subject,
            "effectiveDateTime": "2026-02-03T23:30:00Z",
            "valueQuantity": {"value": 97, "unit": "%"},
        },
        "AllergyIntolerance": {
            "clinicalStatus": concept("http://x.org/clinical", "active"),
            "category": ["food"],
            "code": concept("http://snomed.info/sct", "91935009"),
            "patient": subject,
            "recordedDate": "2026-02-03",
        },
        "Encounter": {
            "status": "finished",
            "class": {"system": "http://x.org/class", "code": "AMB"},
            "subject": subject,
            "period": {"start": "2026-02-03T08:00:00Z"},
        },
        "Condition": {
            "clinicalStatus": concept("http://x.org/clinical", "active"),
            "category": [concept("http://x.org/category", "problem-list-item")],
            "code": concept("http://snomed.info/sct", "38341003"),
            "subject": subject,
            "onsetDateTime": "2026-02-03",
        },
        "MedicationRequest": {
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": concept("http://rxnorm.info", "1191"),
            "subject": subject,
            "authoredOn": "2026-02-03T10:00:00+02:00",
            "dosageInstruction": [{"text": "one a day"}],
        },
        "Consent": {
            "status": "active",
            "scope": concept("http://x.org/scope", "patient-privacy"),
            "category": [concept("http://loinc.org", "59284-0")],
            "patient": subject,
            "dateTime": "2026-02-03",
            "policyRule": concept("http://x.org/policy", "OPTIN"),
            "provision": {"type": "deny", "purpose": [{"code": "TREAT"}]},
        },
    }
    return {"resourceType": kind, **bodies[kind]}
