from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from codeblue.patients.dirt.encoding import Mojibake

Spoil = Callable[..., dict[str, str]]


def test_letters_with_accents_become_two(spoil: Spoil) -> None:
    assert spoil(Mojibake(), {"family": "Müller", "given": "José"}) == {
        "family": "MÃ¼ller",
        "given": "JosÃ©",
    }


@given(st.text("aZ áéíóúñçüÅß", max_size=20))
def test_it_can_be_undone(spoil: Spoil, name: str) -> None:
    read = spoil(Mojibake(), {"family": name})["family"]
    assert read.encode("latin-1").decode() == name
    assert (read == name) == name.isascii()
