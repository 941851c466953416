"""An HL7 v2 message (ER7 encoding) in any separators, and the text at a place in it."""

from __future__ import annotations

import re
from typing import Any

import hl7

from reference_platform.dialects.place import Place
from reference_platform.dialects.problem import Code, Problem

_PARTS = 5_000
"""Segments, fields, components and so on of one message; parsing takes some 5 us for each."""

# What the parser raises for missing parts, repeated separators and wrong lengths.
_UNREADABLE = (hl7.HL7Exception, ValueError, LookupError, TypeError, AssertionError)
_BREAKS = re.compile(r"\.(br|sp|ce|fi|nf|in|ti|sk)[+-]?\d*", re.ASCII)
_HEXADECIMAL = re.compile(r"X(([0-9A-Fa-f]{2})+)", re.ASCII)


class Message:
    """A message that was parsed. Problem when it is not HL7 v2."""

    def __init__(self, text: str, codec: str = "utf-8") -> None:
        text = text.replace("\r\n", "\r").strip()
        if sum(map(text.count, {"\r", *text[3:8]} - {""})) > _PARTS:
            raise Problem("MSH", Code.SEQUENCE, f"the message has more than {_PARTS} parts")
        try:
            parsed = hl7.parse(text)
            named = [(str(segment[0]), segment) for segment in parsed]
        except _UNREADABLE:
            raise Problem("MSH", Code.SEQUENCE, "the message is not HL7 v2") from None
        if not named or named[0][0] != "MSH":
            raise Problem("MSH", Code.SEQUENCE, "missing")
        self._segments: dict[str, Any] = dict(reversed(named))  # the first of a name counts
        self._codec = codec
        self._escape = _escape_pattern(parsed.esc)
        self._meanings = {"E": parsed.esc, "H": "", "N": ""} | dict(
            zip("FRST", parsed.separators[1:], strict=False)
        )

    def text(self, place: Place) -> str:
        """The text there, unescaped and stripped; empty when there is none.

        Problem when it cannot be kept: a NUL, or bytes that are no text.
        """
        segment = self._segments.get(place.segment)
        if segment is None or place.field >= len(segment):
            return ""
        repetition = self._repetition(segment[place.field], place)
        raw = _part(_part(repetition, place.component), place.subcomponent)
        try:
            value = self._unescaped(raw).strip()
        except UnicodeDecodeError:
            raise Problem(str(place), Code.DATA_TYPE, "holds bytes that are no text") from None
        if "\x00" in value:
            raise Problem(str(place), Code.DATA_TYPE, "holds a NUL")
        return value

    def _repetition(self, field: Any, place: Place) -> Any:
        if place.condition is None:
            return _part(field, 1)
        number, value = place.condition
        found = (each for each in field if _part(_part(each, number), 1).strip() == value)
        return next(found, "")

    def _unescaped(self, text: str) -> str:
        """HL7 v2.5.1, 2.7. The parser's own way writes what it cannot read to the log."""
        return self._escape.sub(lambda match: self._meaning(match[1]), text)

    def _meaning(self, sequence: str) -> str:
        if sequence in self._meanings:
            return str(self._meanings[sequence])
        if match := _HEXADECIMAL.fullmatch(sequence):
            return bytes.fromhex(match[1]).decode(self._codec)
        # Formatting breaks a line; what is local to a sender (Z) or unknown says nothing.
        return "\n" if _BREAKS.fullmatch(sequence) else ""


def _escape_pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([^{mark}]*){mark}")


def _part(node: Any, number: int) -> Any:
    """The part of this number, from 1; text without parts is its own first part."""
    if isinstance(node, str):
        return node if number == 1 else ""
    return node[number - 1] if number <= len(node) else ""
