from __future__ import annotations

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.contract.bundles import Transaction
from reference_platform.contract.resources import RESOURCES
from reference_platform.decisions.semantic_validation import Pilot, Production
from reference_platform.outcomes import Refusal
from reference_platform.vital_signs import SIGNS

NOW = datetime(2031, 3, 3, 8, tzinfo=UTC)
ABOUT = {"subject": {"reference": "Patient/p"}}
STATUS = "http://terminology.hl7.org/CodeSystem/"
Resource = dict[str, Any]


def quantity(value: float, code: str) -> Resource:
    return {"value": value, "system": "http://unitsofmeasure.org", "code": code}


def coded(*codes: str) -> Resource:
    return {"coding": [{"system": "http://loinc.org", "code": code} for code in codes]}


def observation(loinc: str, value: float, unit: str, **more: Any) -> Resource:
    own = {"code": coded(loinc), "valueQuantity": quantity(value, unit)}
    return {"resourceType": "Observation", "status": "final", **own, **ABOUT, **more}


def pressure(systolic: float, diastolic: float, unit: str = "mm[Hg]") -> Resource:
    components = [
        {"code": coded(code), "valueQuantity": quantity(value, unit)}
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    own = {"code": coded("85354-9"), "component": components}
    return {"resourceType": "Observation", "status": "final", **own, **ABOUT}


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", "name": [{"family": "Proband"}], **more}


def encounter(start: str, end: str, **more: Any) -> Resource:
    return {
        "resourceType": "Encounter", "status": "finished", **ABOUT,
        "class": {"code": "IMP"}, "period": {"start": start, "end": end}, **more,
    }  # fmt: skip


def status(name: str, code: str) -> Resource:
    return {name: {"coding": [{"system": STATUS, "code": code}]}}


def condition(**more: Any) -> Resource:
    return {"resourceType": "Condition", "code": {"text": "COPD"}, **ABOUT, **more}


def allergy(**more: Any) -> Resource:
    about = {"patient": {"reference": "Patient/p"}, "code": {"text": "Nuts"}}
    return {"resourceType": "AllergyIntolerance", **about, **more}


def bundle(*resources: Resource) -> Resource:
    entries = [
        {"resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


WRONG: list[Resource] = [
    *(observation("8867-4", value, "/min") for value in (-400, -1, 351, 7200)),
    *(observation("8310-5", value, "Cel") for value in (98.6, 102, 19.9, 45.1, 0, -37, 367)),
    *(observation("8310-5", value, "[degF]") for value in (37, 20, 115)),
    *(observation("59408-5", value, "%") for value in (-1, 101, 980)),
    *(observation("2708-6", value, "%") for value in (150, -98)),
    *(observation("9279-1", value, "/min") for value in (-16, 101, 1600)),
    *(observation("8480-6", value, "mm[Hg]") for value in (-120, 351, 1200)),
    *(observation("8480-6", value, "kPa") for value in (120, -16)),
    *(observation("3151-8", value, "L/min") for value in (-2, 2000)),
    *(observation("29463-7", value, "kg") for value in (-70, 70_000)),
    *(observation("8302-2", value, "cm") for value in (-1, 1750)),
    observation("8867-4", 72, "Cel"),
    observation("8867-4", 72, "beats"),
    observation("8310-5", 37, "C"),
    observation("8310-5", 37, "/min"),
    observation("59408-5", 98, "mm[Hg]"),
    observation("9279-1", 16, "/h"),
    observation("8867-4", 72, "/min", valueQuantity={"value": 72}),
    observation("8867-4", 72, "/min", valueQuantity={"value": 72, "code": "/min", "system": "x:y"}),
    observation("8867-4", 72, "/min", code=coded("8867-4", "9279-1")),
    observation("8867-4", 72, "/min", valueString="fast"),
    pressure(-120, 80), pressure(120, 260), pressure(80, 120), pressure(120, 80, "kPa"),
    pressure(120, 80, "psi"),
    encounter("2031-03-03T08:00:00Z", "2031-03-03T07:59:59Z"),
    encounter("2031-03-03", "2031-03-02"),
    encounter("2031-03-03T08:00:00Z", "2031-03-03T08:30:00+01:00"),
    encounter("2031-03-03T08:00:00Z", "2031-03-01"),
    encounter(
        "2031-03-03", "2031-03-04",
        statusHistory=[
            {"status": "planned", "period": {"start": "2031-03-03", "end": "2031-03-01"}}
        ],
    ),
    encounter(
        "2031-03-03", "2031-03-04",
        location=[
            {
                "location": {"reference": "Location/w"},
                "period": {"start": "2031-03-03", "end": "2030-03-03"},
            }
        ],
    ),
    patient(birthDate="2090-01-01"), patient(birthDate="2031-03-06"),
    patient(birthDate="1889-12-31"), patient(birthDate="0190-01-01"),
    patient(
        name=[{"family": "P", "period": {"start": "2020-01-01", "end": "2019-01-01"}}],
    ),
    condition(onsetDateTime="2031-03-02", abatementDateTime="2031-03-01"),
    condition(onsetDateTime="2031-03-02", recordedDate="2030-03-01"),
    condition(**status("clinicalStatus", "chronic")),
    condition(**status("verificationStatus", "sure")),
    condition(**status("clinicalStatus", "active"), abatementDateTime="2031-03-01"),
    condition(
        **status("clinicalStatus", "active"), **status("verificationStatus", "entered-in-error")
    ),
    allergy(**status("clinicalStatus", "severe")),
    allergy(**status("verificationStatus", "maybe")),
    allergy(
        **status("clinicalStatus", "active"), **status("verificationStatus", "entered-in-error")
    ),
    bundle(patient(), observation("8867-4", -400, "/min")),
    bundle(patient(birthDate="2090-01-01")),
]  # fmt: skip

RIGHT: list[Resource] = [
    *(observation("8867-4", value, "/min") for value in (0, 40, 72.5, 190, 350)),
    *(observation("8867-4", 72, unit) for unit in ("{beats}/min", "1/min", "/min{beats}")),
    observation("8867-4", 1.2, "Hz"),
    *(observation("8310-5", value, "Cel") for value in (20, 36.6, 41.9, 45)),
    observation("8310-5", 98.6, "[degF]"),
    observation("8310-5", 310.15, "K"),
    *(observation("59408-5", value, "%") for value in (0, 88, 100)),
    observation("8480-6", 16, "kPa"),
    observation("9279-1", 16, "{breaths}/min"),
    observation("3151-8", 0, "L/min"),
    observation("718-7", -5, "anything"),
    observation("8867-4", 72, "/min", effectiveDateTime="2031-03-03T08:00:00Z"),
    observation("8867-4", 72, "/min", code={"text": "pulse"}, valueQuantity={"value": -5}),
    {
        "resourceType": "Observation", "status": "final", "code": coded("8867-4"), **ABOUT,
        "dataAbsentReason": {"text": "not taken"},
    },
    pressure(120, 80),
    pressure(16, 10.7, "kPa"),
    encounter("2031-03-03T08:00:00Z", "2031-03-03T08:00:00Z"),
    encounter("2031-03-03T23:00:00-05:00", "2031-03-04"),
    encounter("0001-01-01", "9999-12-31"),
    patient(birthDate="1912-01-01"),
    patient(birthDate="2031-03-03"),
    patient(),
    condition(onsetDateTime="2031-03-02", abatementDateTime="2031-03-02"),
    condition(**status("clinicalStatus", "resolved"), abatementDateTime="2031-03-01"),
    allergy(**status("clinicalStatus", "active")),
    bundle(patient(), observation("8867-4", 72, "/min")),
]  # fmt: skip


def well_typed(resource: Resource) -> bool:
    model = RESOURCES.get(resource["resourceType"], Transaction)
    return bool(model.model_validate_json(json.dumps(resource)))


@pytest.mark.parametrize("resource", [*WRONG, *RIGHT])
def test_the_corpus_is_well_typed(resource: Resource) -> None:
    assert well_typed(resource)


def test_what_cannot_be_true_is_refused() -> None:
    assert len(WRONG) >= 40
    for resource in WRONG:
        with pytest.raises(Refusal) as refusal:
            Production().resource(copy.deepcopy(resource), NOW)
        assert (refusal.value.status, refusal.value.code) == (422, "business-rule")


def test_what_can_be_true_is_accepted() -> None:
    for resource in RIGHT:
        Production().resource(copy.deepcopy(resource), NOW)


def test_the_pilot_believes_everything() -> None:
    for resource in [*WRONG, *RIGHT]:
        assert Pilot().resource(copy.deepcopy(resource), NOW) == resource


@pytest.mark.parametrize(
    ("loinc", "value", "unit", "expected", "own"),
    [
        ("8310-5", 98.6, "[degF]", 37.0, "Cel"),
        ("8310-5", 104.0, "[degF]", 40.0, "Cel"),
        ("8310-5", 310.15, "K", 37.0, "Cel"),
        ("8480-6", 16.0, "kPa", 120.01, "mm[Hg]"),
        ("8867-4", 1.2, "Hz", 72.0, "/min"),
        ("8867-4", 72, "{beats}/min", 72, "/min"),
        ("29463-7", 154.0, "[lb_av]", 69.85, "kg"),
    ],
)
def test_units_become_the_platforms_own(
    loinc: str, value: float, unit: str, expected: float, own: str
) -> None:
    stored = Production().resource(observation(loinc, value, unit), NOW)["valueQuantity"]
    assert (stored["value"], stored["code"], stored["unit"]) == (expected, own, own)


def test_what_needs_no_change_is_not_touched() -> None:
    sent = observation("8867-4", 72, "/min")
    assert Production().resource(copy.deepcopy(sent), NOW) == sent


def test_what_was_stored_before_is_scored_only_when_it_can_be_true() -> None:
    pulse = next(sign for sign in SIGNS if sign.name == "pulse")
    assert Production().measured(pulse, quantity(1.2, "Hz")) == 72
    for stored in (quantity(-400, "/min"), quantity(72, "Cel"), {"value": "72"}, None, {}):
        assert Production().measured(pulse, stored) is None
    assert Production().measured(pulse, quantity(72, "/min") | {"comparator": "<"}) is None
    assert Pilot().measured(pulse, quantity(-400, "/min")) == -400


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["code", "component", "valueQuantity", "period", "birthDate", "entry", "clinicalStatus", "name"]
)


@given(st.sampled_from([*RESOURCES, "Bundle"]), st.dictionaries(FIELDS, JSON))
def test_no_shape_breaks_it(kind: str, fields: dict[str, Any]) -> None:
    with suppress(Refusal):
        Production().resource({"resourceType": kind, **fields}, NOW)


@given(st.sampled_from(SIGNS), st.floats(-1e4, 1e4))
def test_a_converted_value_is_within_the_limits(sign: Any, value: float) -> None:
    for unit in (sign.unit, *sign.others):
        try:
            own = sign.converted(value, unit)
        except ValueError:
            continue
        assert sign.low <= own <= sign.high
