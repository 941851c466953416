from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.render import _formats as formats


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (99.953, "%", "99.953 %"),
        (100.0, "%", "100 %"),
        (110.705, "ms", "111 ms"),
        (36.789, "ms", "36.8 ms"),
        (2000.0, "ms", "2,000 ms"),
        (0.0, "", "0"),
        (-3.0, "s", "\N{MINUS SIGN}3 s"),
        (None, "ms", "not measured"),
    ],
)
def test_a_quantity_keeps_the_digits_that_decide(value: float | None, unit: str, said: str) -> None:
    assert formats.quantity(value, unit) == said


def test_durations_read_as_people_say_them() -> None:
    assert formats.seconds(4.24) == "4.2 s"
    assert formats.seconds(125.2) == "2 min 05 s"
    assert formats.milliseconds(4.24) == "4.2 ms"
    assert formats.milliseconds(2450) == "2.45 s"
    assert formats.milliseconds(float("nan")) == "\N{EN DASH}"


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["%", "ms", ""]))
def test_no_quantity_is_unspeakable(value: float, unit: str) -> None:
    assert formats.quantity(value, unit).endswith(unit)


def test_evidence_is_cut_with_a_word_on_the_rest() -> None:
    cut = formats.evidence({"a": "x" * 100}, 20)
    assert cut.endswith("more characters in events.jsonl")
