"""HL7 v2 text (ER7 encoding): escaping, and the messages that the hub itself writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from reference_platform.dialects import Problem
from reference_platform.dialects.outbound import LaboratoryDialect
from reference_platform.dialects.place import Place

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


@dataclass(frozen=True, slots=True)
class LaboratoryOrder:
    """One test of one patient; `action` is ORC-1: NW places the order `id`, CA cancels it.

    `traceparent` (W3C Trace Context) goes along in a segment of its own.
    """

    tenant: str
    id: str
    patient: object
    code: object
    action: Literal["NW", "CA"] = "NW"
    traceparent: str = ""

    @property
    def control_id(self) -> str:
        """MSH-10 (at most 20 characters): the same whenever the same thing is asked again."""
        return self.id if self.action == "NW" else f"C{self.id}"[:20]


def escape(value: object) -> str:
    """The text of `value` for one component of a field."""
    return str(value).translate(_ESCAPES)


def new_order_id() -> str:
    """An id that leaves room for one more character in MSH-10."""
    return uuid4().hex[:19]


def acknowledgement(
    code: str, application: str, facility: str, about: str, problem: Problem | None = None
) -> bytes:
    """An ACK to `application` at `facility`; `code` is MSA-1, `about` the MSH-10 answered.

    An ERR segment says where the `problem` is, and what.
    """
    to = f"{escape(application)}|{escape(facility)}"
    header = rf"MSH|^~\&|HUB|PLATFORM|{to}|{_now()}||ACK|{uuid4().hex[:20]}|P|2.5.1"
    segments = [f"{header}||||||UNICODE UTF-8", f"MSA|{code}|{escape(about)}"]
    segments += [_error(problem)] if problem else []
    return _message(segments)


def laboratory_order(order: LaboratoryOrder, dialect: LaboratoryDialect) -> bytes:
    """The ORM^O01 that places or cancels `order`."""
    facility = escape(order.tenant)
    to = f"{dialect.application}|{dialect.facility}"
    kind = f"ORM^O01^ORM_O01|{order.control_id}|P|{dialect.version}"
    segments = [
        rf"MSH|^~\&|HUB|{facility}|{to}|{_now()}||{kind}|||AL|NE||UNICODE UTF-8",
        f"PID|1||{escape(order.patient)}^^^{facility}^{dialect.identifier_type}",
        f"ORC|{order.action}|{order.id}",
        f"OBR|1|{order.id}||{escape(order.code)}",
    ]
    segments += [f"ZTR|{escape(order.traceparent)}"] if order.traceparent else []
    return _message(segments)


def _error(problem: Problem) -> str:
    """ERR of HL7 v2.5.1: location (ERR-2), code (ERR-3), severity, the sentence (ERR-8)."""
    name, _, number = problem.place.partition("-")
    location = name
    if number:
        place = Place.parse(problem.place)
        location = f"{name}^1^{place.field}^1^{place.component}"
    return f"ERR||{location}|{problem.code}^^HL70357|E||||{escape(problem)}"


def _message(segments: list[str]) -> bytes:
    return ("\r".join(segments) + "\r").encode(ENCODING)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S")
