from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from codeblue.patients.arrow import numbers, repeated, texts

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")


@given(st.lists(st.text(CHARACTERS, max_size=12)))
def test_texts_are_the_same_in_arrow(values: list[str]) -> None:
    array = texts(np.array([value.encode() for value in values], dtype=np.bytes_))
    array.validate(full=True)
    assert array.to_pylist() == values


@given(st.lists(st.integers(-(2**31), 2**31 - 1)), st.sampled_from(["i4", "i8", "f8"]))
def test_numbers_are_the_same_in_arrow(values: list[int], kind: str) -> None:
    assert numbers(np.array(values, dtype=kind)).to_pylist() == values


def test_a_part_of_a_wider_array_is_taken_alone() -> None:
    wide = np.arange(12).reshape(4, 3)
    assert numbers(wide[:, 1]).to_pylist() == [1, 4, 7, 10]


def test_one_text_many_times_is_one_text_in_memory() -> None:
    array = repeated("é".encode(), 1000)
    assert array.to_pylist() == ["é"] * 1000
    assert len(array.dictionary) == 1


def test_pandas_stays_out() -> None:
    program = (
        "import sys, numpy as np; from codeblue.patients.arrow import numbers, repeated, texts;"
        "numbers(np.arange(3)); texts(np.array([b'a'])); repeated(b'a', 2);"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
