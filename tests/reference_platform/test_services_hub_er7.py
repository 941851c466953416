from __future__ import annotations

import hl7
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.services.hub import er7

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\r\n\x0b")
)


def field(message: bytes, segment: str, number: int) -> str:
    return str(hl7.parse(message, encoding=er7.ENCODING).extract_field(segment, 1, number, 1, 1, 1))


@given(TEXT.map(str.strip).filter(bool))
def test_any_text_survives_its_field(code: str) -> None:
    message = er7.laboratory_order("riverside", "1", "p", code)
    assert field(message, "OBR", 4) == code
    assert message.count(b"\r") == 4
    assert b"\x0b" not in message


def test_an_acknowledgement_repeats_the_control_id() -> None:
    message = er7.acknowledgement("AE", "EHR", "RIVER|SIDE", "M-1")
    assert field(message, "MSA", 1) == "AE"
    assert field(message, "MSA", 2) == "M-1"
    assert field(message, "MSH", 6) == "RIVER|SIDE"
