from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from codeblue.patients import Population
from codeblue.patients.dirt.codes import RetiredCode, WrongCode

Spoil = Callable[..., dict[str, str]]
WithTable = Callable[..., Population]


def loinc_check_digit(number: str) -> int:
    """Mod 10, LOINC Users' Guide appendix C."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    return -sum(digit // 10 + digit % 10 for digit in doubled) % 10


@given(st.integers(0, 2**64 - 1))
def test_a_mistyped_code_has_the_same_characters(spoil: Spoil, choice: int) -> None:
    code = spoil(WrongCode(), {"code": "29463-7"}, choice, "Observation")["code"]
    assert code != "29463-7"
    assert sorted(code) == sorted("29463-7")


def test_check_digits_catch_a_mistyped_number(spoil: Spoil) -> None:
    assert loinc_check_digit("29463") == 7
    for choice in range(4):  # the first four pairs are of digits before the hyphen
        code = spoil(WrongCode(), {"code": "29463-7"}, choice, "Observation")["code"]
        assert loinc_check_digit(code[:5]) != 7


def test_every_condition_has_a_code_of_the_past(spoil: Spoil, population: Population) -> None:
    for condition in population.tables.conditions:
        retired = spoil(RetiredCode(), {"code": condition.snomed}, 0, "Condition")
        assert retired["code"] != condition.snomed, condition.name


def test_other_codes_are_not_retired(spoil: Spoil) -> None:
    assert spoil(RetiredCode(), {"code": "2345-7"}, 0, "Observation") == {}
    assert spoil(RetiredCode(), {"code": "1"}, 0, "Condition") == {}


def test_a_workspace_retires_other_codes(spoil: Spoil, with_table: WithTable) -> None:
    population = with_table(
        "retired_codes",
        "condition,system,code,display,retired_on,source",
        "asthma,urn:oid:1.2.3,J45-old,Asthma,1999-12-31,made up for this",
        "asthma,urn:oid:1.2.4,R03,Asthma,1999-12-31,made up for this",
    )
    asthma, copd = {"code": "195967001"}, {"code": "13645005"}
    for choice, code in enumerate(("J45-old", "R03")):
        changed = spoil(RetiredCode(), asthma, choice, "Condition", of=population)
        assert changed == {"code": code}
    assert spoil(RetiredCode(), copd, 0, "Condition", of=population) == {}
