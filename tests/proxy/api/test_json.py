"""JSON in and out by Go's rules."""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.proxy.api import json_reading as reading
from codeblue.proxy.api.json_reading import BadJsonError, Number
from codeblue.proxy.api.json_writing import dumps, float32

json_values = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b<"]), inner)
    ),
    max_leaves=5,
)


@given(json_values)
def test_what_is_written_reads_back(value: Any) -> None:
    assert reading.first_value(dumps(value)) == value


@given(json_values)
def test_nothing_written_can_end_a_script_tag(value: Any) -> None:
    assert not set(dumps(value).decode()) & set("<>&\u2028\u2029")


@given(json_values, st.binary())
def test_only_the_first_value_counts(value: Any, rest: bytes) -> None:
    assert reading.first_value(dumps([value]) + b" " + rest) == [value]


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadJsonError):
        reading.first_value(body)


@given(st.integers())
def test_integers_are_int64(number: int) -> None:
    if -(2**63) <= number < 2**63:
        assert reading.read_int64(Number(number), "f") == number
    else:
        with pytest.raises(BadJsonError):
            reading.read_int64(Number(number), "f")


@pytest.mark.parametrize("text", ["5.0", "1e3", "1.5", '"5"', "true", "[]", "9" * 5000])
def test_nothing_else_is_an_integer(text: str) -> None:
    with pytest.raises(BadJsonError):
        reading.read_int64(reading.first_value(text.encode()), "f")


@pytest.mark.parametrize("text", ["3.5e38", "1e400", "-1e400", "1" + "0" * 400, '"1"', "true"])
def test_what_no_float32_holds_is_no_toxicity(text: str) -> None:
    with pytest.raises(BadJsonError):
        reading.read_float32(reading.first_value(text.encode()), "f")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "[" * 200_000, "{'a': 1}", "01x"])
def test_what_go_refuses_never_raises_anything_else(text: str) -> None:
    try:
        reading.first_value(text.encode())
    except BadJsonError:
        pass
    else:
        assert text == "01x"


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float32_is_the_shortest_that_reads_back(value: float) -> None:
    text = float32(value)
    assert struct.pack("f", float(text)) == struct.pack("f", value)
    assert json.loads(text) == pytest.approx(value, rel=1e-6)
    assert len(text.lstrip("-").replace(".", "").strip("0").partition("e")[0]) <= 9


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (0.1, "0.1"),
        (1 / 3, "0.33333334"),
        (1e-7, "1e-7"),
        (1e22, "1e+22"),
        (-0.5, "-0.5"),
    ],
)
def test_float32_prints_as_go_does(value: float, text: str) -> None:
    assert float32(struct.unpack("f", struct.pack("f", value))[0]) == text
