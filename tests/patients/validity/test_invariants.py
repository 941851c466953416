from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from pyfhircheck import Validator
from pyfhircheck.config import ValidatorConfig

from codeblue.patients import load_population
from codeblue.patients.fhir import FhirRenderer
from codeblue.patients.rows.fhir_rows import rows
from codeblue.patients.validity.invariants import broken

Resource = dict[str, Any]

ABSENT = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}
    ]
}


@cache
def clean() -> dict[str, Resource]:
    pilot, renderer = load_population("pilot-clinic"), FhirRenderer()
    blocks = rows(pilot, pilot.persons(0, 200), 0)
    found = (orjson.loads(bytes(renderer.render(block)).splitlines()[0]) for block in blocks)
    return {resource["resourceType"]: resource for resource in found}


@cache
def validator() -> Validator:
    return Validator(ValidatorConfig(allow_unknown_extensions=True))


def obs_6(resource: Resource) -> None:
    resource["dataAbsentReason"] = ABSENT


def obs_7(resource: Resource) -> None:
    resource["component"] = [{"code": resource["code"], "valueString": "again"}]


def pat_1(resource: Resource) -> None:
    resource["contact"] = [{"relationship": [{"text": "sister"}]}]


def subject(resource: Resource) -> None:
    resource["subject"] = {"reference": "Practitioner/1"}


def patient(resource: Resource) -> None:
    resource["patient"] = {"reference": "Group/1"}


def loinc(resource: Resource) -> None:
    resource["code"]["coding"][0]["code"] = "8867-5"


def class_code(resource: Resource) -> None:
    resource["class"]["code"] = "INP"


def status(resource: Resource) -> None:
    resource["status"] = "done"


def gender(resource: Resource) -> None:
    resource["gender"] = "F"


def empty(resource: Resource) -> None:
    resource["address"] = []


MISSED_BY_BOTH: list[tuple[str, Callable[[Resource], None], str]] = [
    ("Observation", obs_6, "obs-6"),
    ("Patient", pat_1, "pat-1"),
    ("Observation", subject, "reference type"),
    ("Observation", loinc, "LOINC check digit"),
    ("Encounter", class_code, "required binding"),
]
MISSED_BY_ONE: list[tuple[str, Callable[[Resource], None], str]] = [
    ("Observation", status, "required binding"),
    ("Encounter", status, "required binding"),
    ("Appointment", status, "required binding"),
    ("Patient", gender, "required binding"),
    ("Patient", empty, "empty"),
    ("Condition", subject, "reference type"),
    ("Encounter", subject, "reference type"),
    ("AllergyIntolerance", patient, "reference type"),
]


@pytest.mark.parametrize("kind", sorted(clean()))
def test_a_resource_of_ours_breaks_nothing(kind: str) -> None:
    assert broken(clean()[kind]) == []


@pytest.mark.parametrize(
    ("kind", "spoil", "rule"), [*MISSED_BY_BOTH, *MISSED_BY_ONE, ("Observation", obs_7, "obs-7")]
)
def test_a_broken_rule_is_named(kind: str, spoil: Callable[[Resource], None], rule: str) -> None:
    resource = deepcopy(clean()[kind])
    spoil(resource)
    assert [text.partition(":")[0] for text in broken(resource)] == [rule]


@pytest.mark.parametrize(("kind", "spoil", "rule"), [*MISSED_BY_BOTH, *MISSED_BY_ONE])
def test_fhir_resources_misses_it(kind: str, spoil: Callable[[Resource], None], rule: str) -> None:
    resource = deepcopy(clean()[kind])
    spoil(resource)
    get_fhir_model_class(kind).model_validate(resource)


@pytest.mark.parametrize(("kind", "spoil", "rule"), MISSED_BY_BOTH)
def test_pyfhircheck_misses_it(kind: str, spoil: Callable[[Resource], None], rule: str) -> None:
    resource = deepcopy(clean()[kind])
    spoil(resource)
    issues = validator().validate_resource(resource).issues
    # A resource alone never finds what it refers to.
    assert {issue.code for issue in issues} <= {"reference.unresolved"}
