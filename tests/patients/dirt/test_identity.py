from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.patients.dirt.identity import (
    MissingIdentifier,
    NameTypo,
    SexCode,
    SwappedNames,
    exchanged,
    mistyped,
)

Spoil = Callable[..., dict[str, str]]
NAMES = {"family": "Navarro", "given": "Andrea", "middle": "Luz"}
BITS = st.integers(0, 2**64 - 1)


def test_the_record_number_is_lost(spoil: Spoil) -> None:
    assert spoil(MissingIdentifier(), {"record_number": "H1"}) == {"record_number": ""}


def test_names_change_places(spoil: Spoil) -> None:
    assert spoil(SwappedNames(), NAMES) == {"family": "Andrea", "given": "Navarro"}
    assert spoil(SwappedNames(), {"family": "Navarro"}) == {}


@pytest.mark.parametrize("choice", range(8))
def test_a_typo_is_in_one_name(spoil: Spoil, choice: int) -> None:
    assert list(spoil(NameTypo(), NAMES, choice)) == ["family"]


@pytest.mark.parametrize(
    ("choice", "typed"),
    [(0, "naA"), (1, "naA"), (2, "na"), (3, "AAna"), (6, "Aa"), (7, "Anna")],
)
def test_slips_of_the_fingers(choice: int, typed: str) -> None:
    assert mistyped("Ana", choice) == {"naA": "nAa"}.get(typed, typed)


@given(st.text("abcÅé", min_size=2, max_size=12), BITS)
def test_a_typo_is_one_slip_away(name: str, choice: int) -> None:
    typed = mistyped(name, choice)
    assert abs(len(typed) - len(name)) <= 1
    if len(typed) == len(name):
        assert sorted(typed) == sorted(name)
        assert typed == exchanged(name, choice // 4)
    else:
        longer, shorter = sorted((name, typed), key=len, reverse=True)
        assert shorter in {longer[:at] + longer[at + 1 :] for at in range(len(longer))}


@given(st.text(max_size=1), BITS)
def test_the_shortest_names_survive(name: str, choice: int) -> None:
    assert mistyped(name, choice) in (name, name * 2)


@pytest.mark.parametrize(
    ("field", "right"), [("gender", "male"), ("gender", "female"), ("sex", "F")]
)
@pytest.mark.parametrize("choice", range(8))
def test_a_foreign_code_means_the_same_sex(
    spoil: Spoil, field: str, right: str, choice: int
) -> None:
    code = spoil(SexCode(), {field: right}, choice)[field]
    assert code != right
    assert code.lower() in ({"male", "m", "1"} if right == "male" else {"female", "f", "w", "2"})


def test_an_unknown_sex_stays_unknown(spoil: Spoil) -> None:
    assert spoil(SexCode(), {"gender": "unknown"}) == {}
