from __future__ import annotations

from collections.abc import Callable

import pytest

from codeblue.patients import Population
from codeblue.patients.dirt import FieldKind
from codeblue.patients.dirt.values import FAHRENHEIT_AS_CELSIUS, UNIT_SLIP, ImpossibleValue

Spoil = Callable[..., dict[str, str]]
WithTable = Callable[..., Population]


@pytest.mark.parametrize(
    ("part", "ucum", "right", "wrong"),
    [
        ("glucose:0", "mg/dL", "99", "5.5"),
        ("glucose:3", "mmol/L", "5.5", "99"),
        ("creatinine", "mg/dL", "0.90", "80"),
        ("creatinine", "umol/L", "80", "0.90"),
        ("hba1c", "%", "6.5", "48"),
        ("hba1c", "mmol/mol", "48", "6.5"),
        ("body-weight", "kg", "70.0", "154.3"),
        ("body-weight", "[lb_av]", "154.3", "70.0"),
        ("body-height", "cm", "180.0", "70.9"),
        ("body-height", "[in_i]", "70.9", "180.1"),
    ],
)
def test_the_value_of_the_other_unit(
    spoil: Spoil, part: str, ucum: str, right: str, wrong: str
) -> None:
    record = {"value": right, "ucum": ucum}
    assert spoil(UNIT_SLIP, record, 0, "Observation", part) == {"value": wrong}


@pytest.mark.parametrize(
    ("ucum", "right", "wrong"), [("Cel", "37.0", "98.6"), ("[degF]", "98.6", "37.0")]
)
def test_fahrenheit_and_celsius(spoil: Spoil, ucum: str, right: str, wrong: str) -> None:
    record = {"value": right, "ucum": ucum}
    part = "body-temperature:0"
    assert spoil(FAHRENHEIT_AS_CELSIUS, record, 0, "Observation", part) == {"value": wrong}
    assert spoil(UNIT_SLIP, record, 0, "Observation", part) == {}


def test_only_known_units_and_numbers_are_mistaken(spoil: Spoil) -> None:
    for record in ({"value": "99", "ucum": "g/L"}, {"value": "high", "ucum": "mg/dL"}):
        changed = spoil(UNIT_SLIP, record, 0, "Observation", "glucose:0")
        assert changed.get("value", record["value"]) == record["value"]
    assert spoil(UNIT_SLIP, {"value": "72", "ucum": "/min"}, 0, "Observation", "heart-rate") == {}


def test_a_workspace_confuses_other_units(spoil: Spoil, with_table: WithTable) -> None:
    population = with_table(
        "unit_confusions",
        "measurement,written,mistaken_for,factor,offset,decimals,source",
        "body-temperature,Cel,K,1,273.15,2,made up for this",
        "body-weight,kg,g,1000,0,0,made up for this",
        "body-weight,kg,[stone_av],0.157473,0,1,made up for this",
    )

    def changed(kind: FieldKind, part: str, ucum: str, choice: int = 0) -> dict[str, str]:
        record = {"value": "37.0", "ucum": ucum}
        return spoil(kind, record, choice, "Observation", part, of=population)

    assert changed(UNIT_SLIP, "body-temperature", "Cel") == {"value": "310.15"}
    assert changed(FAHRENHEIT_AS_CELSIUS, "body-temperature", "Cel") == {}
    assert changed(UNIT_SLIP, "body-weight", "kg") == {"value": "37000"}
    assert changed(UNIT_SLIP, "body-weight", "kg", choice=1) == {"value": "5.8"}
    assert changed(UNIT_SLIP, "body-weight", "[lb_av]") == {}
    assert changed(UNIT_SLIP, "glucose", "mg/dL") == {}


def test_both_blood_pressures_can_be_impossible(spoil: Spoil) -> None:
    fields = {"systolic": "120", "diastolic": "80"}
    seen = {
        spoil(ImpossibleValue(), fields, choice, "Observation", "blood-pressure:0")["systolic"]
        for choice in range(20)
    }
    assert seen == {"0", "-1", "999", "9999", "99999"}
