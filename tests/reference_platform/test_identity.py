from __future__ import annotations

import pytest

from reference_platform.identity import HEADER, NOBODY, Identity, read


@pytest.mark.parametrize(
    "who",
    [
        NOBODY,
        Identity("riverside", "clinician"),
        Identity("riverside", "patient", "ann", "patient/*.rs", "p1", "BTG"),
        Identity("höhe", "clinician", "\N{SNOWMAN}"),
    ],
)
def test_an_identity_arrives_as_it_was_sent(who: Identity) -> None:
    header = who.header()[HEADER]
    assert header.isascii()
    assert read(header) == who


def test_without_the_header_it_is_nobody() -> None:
    assert read(None) == NOBODY


@pytest.mark.parametrize(
    "header",
    ["", "{", "null", "[]", "3", '"x"', "{}", '{"tenant":1,"role":"r"}', '{"tenant":"a"}',
     '{"tenant":"a","role":"r","unknown":"x"}', "[" * 100_000],
)  # fmt: skip
def test_a_malformed_header_is_a_value_error(header: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(header)
