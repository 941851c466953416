"""The legacy EHR: takes HL7 v2 orders and admissions over MLLP, and acknowledges each one."""

from __future__ import annotations

from datetime import UTC, datetime

import hl7

ENCODING = "utf-8"
ACCEPTED = frozenset({"ORM", "ADT"})
"""The message types (MSH-9.1) that it knows."""

# What the parser raises for missing parts, repeated separators and wrong bytes.
_UNREADABLE = (hl7.HL7Exception, ValueError, LookupError, TypeError, AssertionError)


async def acknowledge(message: bytes) -> bytes:
    """The acknowledgement of `message`, as table 0008 of HL7 v2 has it.

    AA for an order or an admission, AR for a type that it does not know, AE for what cannot be
    read as HL7 v2. MSA-2 repeats the control id of the message (MSH-10).
    """
    try:
        received = hl7.parse(message, encoding=ENCODING)
        answer = received.create_ack(_code(received), application="LEGACY", facility="EHR")
    except _UNREADABLE:
        return _negative_acknowledgement()
    return str(answer).encode(ENCODING)


def _code(message: hl7.Message) -> str:
    header = message.segment("MSH")
    kind, control_id = str(header[9][0][0]), str(header[10])
    if not control_id:
        return "AE"
    return "AA" if kind in ACCEPTED else "AR"


def _negative_acknowledgement() -> bytes:
    """An AE for a message whose header says nothing: no control id to repeat."""
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    header = f"MSH|^~\\&|LEGACY|EHR|||{now}||ACK|{now}|P|2.5.1"
    return f"{header}\rMSA|AE||the message cannot be read as HL7 v2\r".encode(ENCODING)
