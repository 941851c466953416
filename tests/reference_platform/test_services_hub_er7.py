from __future__ import annotations

import hl7
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.dialects import Code, Problem, outbound
from reference_platform.services.hub import er7
from reference_platform.services.hub.er7 import LaboratoryOrder

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\r\n\x0b")
)
EHR = outbound.laboratory(None)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def field(message: bytes, segment: str, number: int) -> str:
    return str(hl7.parse(message, encoding=er7.ENCODING).extract_field(segment, 1, number, 1, 1, 1))


@given(TEXT.map(str.strip).filter(bool))
def test_any_text_survives_its_field(code: str) -> None:
    message = er7.laboratory_order(LaboratoryOrder("riverside", "1", "p", code), EHR)
    assert field(message, "OBR", 4) == code
    assert message.count(b"\r") == 4
    assert b"\x0b" not in message


def test_a_cancellation_names_the_order_and_is_a_message_of_its_own() -> None:
    order = LaboratoryOrder("riverside", "a" * 19, "p", "718-7", "CA", TRACE)
    message = er7.laboratory_order(order, EHR)
    assert (field(message, "ORC", 1), field(message, "ORC", 2)) == ("CA", "a" * 19)
    assert field(message, "MSH", 10) == order.control_id == "C" + "a" * 19
    assert field(message, "ZTR", 1) == TRACE


def test_an_acknowledgement_repeats_the_control_id() -> None:
    message = er7.acknowledgement("AE", "EHR", "RIVER|SIDE", "M-1")
    assert field(message, "MSA", 1) == "AE"
    assert field(message, "MSA", 2) == "M-1"
    assert field(message, "MSH", 6) == "RIVER|SIDE"
    assert b"\rERR" not in message


def test_a_refusal_says_where_and_why() -> None:
    problem = Problem("PID-3-1", Code.MISSING, "missing")
    message = er7.acknowledgement("AR", "EHR", "RIVERSIDE", "M-1", problem)
    assert b"\rERR||PID^1^3^1^1|101^^HL70357|E||||PID-3-1: missing\r" in message
