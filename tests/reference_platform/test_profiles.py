from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.profiles import SWITCHES, parse

SUBSETS = st.lists(st.sampled_from(SWITCHES), unique=True)


def test_production_takes_every_decision_and_pilot_none() -> None:
    assert parse("production").on == set(SWITCHES)
    assert parse("pilot").on == set()


@given(SUBSETS)
def test_production_minus_and_pilot_plus(switches: list[str]) -> None:
    minus = parse("production" + "".join(f"-{switch}" for switch in switches))
    plus = parse("pilot" + "".join(f"+{switch}" for switch in switches))
    assert minus.on == set(SWITCHES) - set(switches)
    assert plus.on == set(switches)
    assert all(plus.has(switch) != minus.has(switch) for switch in SWITCHES)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("prodction", 'unknown base "prodction". Did you mean "production"?'),
        ("production-bulkhead", 'unknown switch "bulkhead". Did you mean "bulkheads"?'),
        ("pilot+zzz", 'unknown switch "zzz". Known: schema_validation,'),
        ("production+bulkheads", 'takes switches with "-" only.'),
        ("pilot-bulkheads", 'takes switches with "+" only.'),
        ("production-", 'unknown switch ""'),
        ("", "unknown base"),
    ],
)
def test_a_wrong_profile_says_what_to_write(name: str, advice: str) -> None:
    with pytest.raises(ValueError, match="profile") as error:
        parse(name)
    assert advice in str(error.value)


def test_asking_for_an_unknown_switch_is_an_error() -> None:
    with pytest.raises(ValueError, match="bulkheads"):
        parse("pilot").has("bulkhead")
