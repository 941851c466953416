"""Why a message cannot be applied, in the words of HL7 v2."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Message error condition codes (HL7 v2.5.1, table 0357)."""

    SEQUENCE = "100"
    MISSING = "101"
    DATA_TYPE = "102"
    TABLE_VALUE = "103"
    TYPE = "200"
    EVENT = "201"
    VERSION = "203"
    UNKNOWN_KEY = "204"
    INTERNAL = "207"


class Problem(ValueError):
    """Where and what: `Problem("PID-3", Code.MISSING, "missing")`.

    The sentence never repeats what the message holds, since that may identify a patient.
    """

    def __init__(self, place: str, code: Code, sentence: str) -> None:
        super().__init__(f"{place}: {sentence}")
        self.place = place
        self.code = code
