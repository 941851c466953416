"""The header of a message, read before anything is known of its dialect, and whatever it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 199  # characters that a control id may have (HL7 v2.7); nobody needs longer names
_FIELDS = 18
# https://www.w3.org/TR/trace-context/#traceparent-header, in a segment of the platform's own.
_TRACE = re.compile(rb"\rZTR[^\w\s]([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})(?:[^\w]|$)")


@dataclass(frozen=True, slots=True)
class Header:
    """Who sent it (MSH-3, MSH-4), its control id (MSH-10), version and encoding, or empty text."""

    application: str = ""
    facility: str = ""
    control_id: str = ""
    version: str = ""
    encoding: str = ""

    @property
    def sender(self) -> str:
        """Names the sender among all senders."""
        return f"{self.application}|{self.facility}"

    @property
    def tenant(self) -> str:
        """The tenant that a sender means who writes the tenant's own name into MSH-4."""
        return self.facility.lower()

    @classmethod
    def of(cls, message: bytes) -> Header:
        """The header of `message`; an empty one when it has none. Never raises."""
        segment = message.lstrip()[:4096].partition(b"\r")[0]
        if not segment.startswith(b"MSH") or len(segment) <= len(b"MSH|^"):
            return cls()
        component = segment[4:5]
        fields = segment.split(segment[3:4])
        fields += [b""] * (_FIELDS - len(fields))
        application, facility, version = (
            _text(fields[number - 1].split(component)[0]) for number in (3, 4, 12)
        )
        repetition = segment[5:6] if segment[5:6].strip() else b"~"
        encoding = _text(fields[17].split(repetition)[0].split(component)[0])
        return cls(application, facility, _text(fields[9]), version, encoding)


def traceparent(message: bytes) -> str | None:
    """The W3C `traceparent` in the ZTR segment of `message`, if there is one that can be read."""
    match = _TRACE.search(message)
    return match[1].decode("ascii") if match else None


def _text(value: bytes) -> str:
    """Printable text of at most `_LONGEST` characters."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return "".join(character for character in text if character.isprintable()).strip()[:_LONGEST]
