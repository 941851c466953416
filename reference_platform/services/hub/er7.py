"""HL7 v2 text (ER7 encoding): escaping, and the messages that the hub itself writes."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

ENCODING = "utf-8"

# HL7 v2.5.1, 2.7.1: formatting characters inside text are written as escape sequences.
_ESCAPES = str.maketrans(
    {
        "\\": "\\E\\",
        "|": "\\F\\",
        "^": "\\S\\",
        "&": "\\T\\",
        "~": "\\R\\",
        "\r": "\\X0D\\",
        "\n": "\\X0A\\",
        "\x0b": "\\X0B\\",
        "\x1c": "\\X1C\\",
    }
)


def escape(value: object) -> str:
    """The text of `value` for one component of a field."""
    return str(value).translate(_ESCAPES)


def control_id() -> str:
    """A new MSH-10, at most 20 characters."""
    return uuid4().hex[:20]


def acknowledgement(code: str, application: str, facility: str, about: str) -> bytes:
    """An ACK to `application` at `facility`; `code` is MSA-1, `about` the MSH-10 answered."""
    to = f"{escape(application)}|{escape(facility)}"
    header = rf"MSH|^~\&|HUB|PLATFORM|{to}|{_now()}||ACK|{control_id()}|P|2.5.1"
    return f"{header}||||||UNICODE UTF-8\rMSA|{code}|{escape(about)}\r".encode(ENCODING)


def laboratory_order(tenant: str, order: str, patient: object, code: object) -> bytes:
    """An ORM^O01 of HL7 v2.5.1 for one test of one patient; `order` is its MSH-10 too."""
    facility = escape(tenant)
    header = rf"MSH|^~\&|HUB|{facility}|LEGACY|EHR|{_now()}||ORM^O01^ORM_O01|{order}|P|2.5.1"
    segments = [
        f"{header}|||AL|NE||UNICODE UTF-8",
        f"PID|1||{escape(patient)}^^^{facility}^MR",
        f"ORC|NW|{order}",
        f"OBR|1|{order}||{escape(code)}",
    ]
    return ("\r".join(segments) + "\r").encode(ENCODING)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S")
