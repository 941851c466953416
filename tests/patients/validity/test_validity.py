from __future__ import annotations

import numpy as np
import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given
from hypothesis import strategies as st
from pyfhircheck import Validator
from pyfhircheck.config import ValidatorConfig

from codeblue.patients import load_population
from codeblue.patients.fhir import FhirRenderer
from codeblue.patients.rows import Rows
from codeblue.patients.rows.fhir_rows import rows
from codeblue.patients.rows.hl7_rows import rows as hl7_rows
from codeblue.patients.templates.text import words
from codeblue.patients.validity import check, is_loinc, known

PILOT = load_population("pilot-clinic")
PERSONS = PILOT.persons(0, 200)
KNOWN = known(PILOT)


def block(resource: str, part: str = "") -> Rows:
    found = rows(PILOT, PERSONS, 0, (resource,))
    return next(each for each in found if each.part.startswith(part))


def luhn(digits: str) -> int:
    """The check digit, by the book: double every other digit from the right."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return -sum(number // 10 + number % 10 for number in doubled) % 10


@given(st.lists(st.integers(1, 9_999_999), min_size=1), st.integers(1, 9))
def test_the_check_digit_of_loinc_is_luhns(numbers: list[int], slip: int) -> None:
    right = [f"{number}-{luhn(str(number))}" for number in numbers]
    wrong = [f"{number}-{(luhn(str(number)) + slip) % 10}" for number in numbers]
    assert is_loinc(words(right)).all()
    assert not is_loinc(words(wrong)).any()


def test_what_is_no_loinc_code() -> None:
    assert not is_loinc(
        words(["", "-", "7", "-0", "x548-4", "4548-", "45484", "GLU", "4548_4"])
    ).any()
    assert is_loinc(words(["8480-6", "85354-9", "59408-5", "2345-7", "4548-4"])).all()


@pytest.mark.parametrize(
    ("resource", "part", "field", "value", "rule"),
    [
        ("Patient", "", "gender", "F", "required binding"),
        ("Patient", "", "birth_date", "2025-02-29", "date"),
        ("Patient", "", "birth_date", "01/02/1990", "date"),
        ("Patient", "", "id", "a/b", "id"),
        ("Observation", "glucose", "status", "done", "required binding"),
        ("Observation", "glucose", "effective", "2025-03-04T25:00:00Z", "date"),
        ("Observation", "glucose", "effective", "2025-03-04 05:06:07Z", "date"),
        ("Observation", "glucose", "value", "98,6", "number"),
        ("Observation", "glucose", "ucum", "mg/dl", "unit"),
        ("Observation", "glucose", "code", "2345-8", "LOINC check digit"),
        ("Observation", "glucose", "code", "2339-0", "LOINC code"),
        ("Observation", "blood-pressure", "systolic", "1.2.3", "number"),
        ("Observation", "blood-pressure", "systolic_code", "8480-5", "LOINC check digit"),
        ("Encounter", "", "status", "done", "required binding"),
        ("Encounter", "", "class", "INP", "required binding"),
        ("Condition", "", "clinical_status", "yes", "required binding"),
        ("MedicationRequest", "", "intent", "wish", "required binding"),
        ("AllergyIntolerance", "", "category", "pollen", "required binding"),
        ("Appointment", "", "status", "missed", "required binding"),
    ],
)
def test_a_wrong_value_is_found_where_it_is(
    resource: str, part: str, field: str, value: str, rule: str
) -> None:
    spoiled = block(resource, part)
    assert check(spoiled, KNOWN) == []
    column = np.full(len(spoiled), spoiled.fields[field]).astype("S40")
    column[2] = value.encode()
    spoiled.fields[field] = column
    problems = {(each.field, each.rule): each.rows.tolist() for each in check(spoiled, KNOWN)}
    assert problems[field, rule] == [2]


def test_an_absent_value_is_not_wrong() -> None:
    spoiled = block("Observation", "glucose")
    spoiled.fields |= {"value": b"", "code": b"", "effective": b""}
    assert check(spoiled, KNOWN) == []


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("sex", "female", "required binding"),
        ("glucose/value", "", ""),
        ("glucose/ucum", "mg", "unit"),
        ("glucose/code", "2345-1", "LOINC check digit"),
    ],
)
def test_messages_are_checked_too(field: str, value: str, rule: str) -> None:
    spoiled = next(hl7_rows(PILOT, PERSONS, 0, ("ORU^R01",)))
    spoiled.fields[field] = value.encode()
    rules = {each.rule for each in check(spoiled, KNOWN) if each.field == field}
    assert (rule in rules) if rule else not rules


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [("code", "2345-8", "LOINC check digit"), ("ucum", "mg/dl", "unit")],
)
def test_the_validators_of_structure_miss_it(field: str, value: str, rule: str) -> None:
    spoiled = block("Observation", "glucose")
    spoiled.fields[field] = value.encode()
    resource = orjson.loads(bytes(FhirRenderer().render(spoiled)).splitlines()[0])
    get_fhir_model_class("Observation").model_validate(resource)
    issues = Validator(ValidatorConfig()).validate_resource(resource).issues
    assert {issue.code for issue in issues} <= {"reference.unresolved"}
    assert rule in {each.rule for each in check(spoiled, KNOWN)}
