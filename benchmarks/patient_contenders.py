"""Other ways to make patients with ten Observations each, as one would write them in an afternoon.

All of them write to ``file``, from the population's own pools and means, and none makes the values
fit each other or makes anything go wrong.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson

SIGNS = [  # LOINC code, display, UCUM unit, mean, deviation, decimals
    ("8867-4", "Heart rate", "/min", 74, 11, 0),
    ("9279-1", "Respiratory rate", "/min", 16, 2, 0),
    ("59408-5", "Oxygen saturation", "%", 97, 1, 0),
    ("8310-5", "Body temperature", "Cel", 36.8, 0.4, 1),
    ("8480-6", "Systolic blood pressure", "mm[Hg]", 122, 14, 0),
    ("29463-7", "Body weight", "kg", 80, 15, 1),
    ("8302-2", "Body height", "cm", 170, 9, 1),
    ("2345-7", "Glucose", "mg/dL", 99, 15, 0),
    ("4548-4", "Hemoglobin A1c", "%", 5.6, 0.6, 1),
    ("2160-0", "Creatinine", "mg/dL", 0.9, 0.2, 2),
]
_UCUM = "http://unitsofmeasure.org"
_SEED = 1


def naive_faker(count: int, file: Path) -> None:
    """Faker for who they are, `random` for what is measured, dicts, `json`."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(_SEED)
    chance = random.Random(_SEED)  # noqa: S311 - no secret
    with file.open("w", encoding="utf-8") as stream:
        for _ in range(count):
            at = fake.date_time_this_year().isoformat()
            patient = {
                "mrn": fake.bothify("H#########"),
                "name": fake.name(),
                "dob": fake.date_of_birth(maximum_age=95).isoformat(),
                "address": fake.address(),
                "phone": fake.phone_number(),
                "observations": [
                    {
                        "code": code,
                        "display": display,
                        "value": round(chance.gauss(mean, deviation), decimals),
                        "unit": unit,
                        "at": at,
                    }
                    for code, display, unit, mean, deviation, decimals in SIGNS
                ],
            }
            stream.write(json.dumps(patient) + "\n")


def dict_orjson(count: int, file: Path) -> None:
    """Columns by numpy, a dict for each FHIR resource, orjson."""
    with file.open("wb") as stream:
        for resource in resources(count):
            stream.write(orjson.dumps(resource) + b"\n")


def fhir_resources(count: int, file: Path) -> None:
    """The same resources as models of `fhir.resources`, which checks them, dumped by themselves."""
    from fhir.resources.R4B.observation import Observation
    from fhir.resources.R4B.patient import Patient

    models: dict[str, Any] = {"Patient": Patient, "Observation": Observation}
    with file.open("w", encoding="utf-8") as stream:
        for resource in resources(count):
            model = models[resource["resourceType"]].model_validate(resource)
            stream.write(model.model_dump_json() + "\n")


def resources(count: int) -> Iterator[dict[str, Any]]:
    """A Patient and ten Observations for each of ``count`` patients."""
    chance = np.random.default_rng(_SEED)
    ids = [str(UUID(bytes=chance.bytes(16), version=4)) for _ in range(count)]
    born = np.datetime64("1930-01-01") + chance.integers(0, 33_000, count)
    begin = np.datetime64("2025-01-01T00:00:00") + chance.integers(0, 10_000_000, count)
    values = [
        np.round(chance.normal(mean, deviation, count), decimals).tolist()
        for *_, mean, deviation, decimals in SIGNS
    ]
    for number, (id_, birth_date, at) in enumerate(
        zip(ids, born.astype(str).tolist(), begin.astype(str).tolist(), strict=True)
    ):
        yield _patient(id_, number, birth_date)
        for sign, measured in zip(SIGNS, values, strict=True):
            yield _observation(id_, sign, measured[number], f"{at}Z")


def _patient(id_: str, number: int, birth_date: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [
            {
                "use": "usual",
                "type": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                            "code": "MR",
                        }
                    ]
                },
                "system": "https://hospital.example/record-number",
                "value": f"H{number:09}",
            }
        ],
        "name": [
            {"use": "official", "family": f"Proband{number % 1000}", "given": ["Alex", "Kim"]}
        ],
        "telecom": [{"system": "phone", "value": f"+1-312-555-01{number % 100:02}", "use": "home"}],
        "gender": ("female", "male")[number % 2],
        "birthDate": birth_date,
        "address": [
            {
                "line": [f"{number % 9000 + 1} Main Street"],
                "city": "Chicago",
                "state": "IL",
                "postalCode": "60601",
                "country": "US",
            }
        ],
    }


def _observation(
    id_: str, sign: tuple[str, str, str, float, float, int], value: float, at: str
) -> dict[str, Any]:
    code, display, unit, *_ = sign
    return {
        "resourceType": "Observation",
        "id": f"{id_}-{code}",
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "vital-signs",
                    }
                ]
            }
        ],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": code, "display": display}],
            "text": display,
        },
        "subject": {"reference": f"Patient/{id_}"},
        "effectiveDateTime": at,
        "valueQuantity": {"value": value, "unit": unit, "system": _UCUM, "code": unit},
    }
