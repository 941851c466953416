"""One event of the audit trail: as it is kept, and as a FHIR AuditEvent."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import orjson

from reference_platform.clock import Clock

NOWHERE = "-"
"""The tenant of events by nobody who is known; no hospital has this name."""
Action = Literal["C", "R", "U", "D", "E"]
Kind = Literal["rest", "login", "export", "import", "erasure"]

_AUDIT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_PURPOSE = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_TYPES: dict[str, tuple[str, str, str]] = {
    "rest": (_AUDIT_TYPE, "rest", "RESTful Operation"),
    "login": (_DICOM, "110114", "User Authentication"),
    "export": (_DICOM, "110106", "Export"),
    "import": (_DICOM, "110107", "Import"),
    "erasure": (_DICOM, "110110", "Patient Record"),
}
_INTERACTION = "http://hl7.org/fhir/restful-interaction"
# IHE BALP: who sends the object is its source, who gets it is its destination.
_SOURCE, _DESTINATION = ("110153", "Source Role ID"), ("110152", "Destination Role ID")
_WORST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is known of one thing that was done, or tried.

    `recorded` is a FHIR instant; `status` an HTTP status, 0 when nobody knows how it ended;
    `path` what was asked for; `query` its parameters, with the words of names left out.
    """

    id: str
    recorded: str
    tenant: str
    subject: str
    role: str
    operation: str
    action: Action
    kind: Kind = "rest"
    interaction: str = "operation"
    purpose: str = "TREAT"
    path: str = ""
    query: str = ""
    patients: tuple[str, ...] = ()
    status: int = 0
    source: str = "gateway"
    trace: str | None = None

    @property
    def outcome(self) -> str:
        """http://hl7.org/fhir/audit-event-outcome: 0 done, 4 refused, 8 failed or unknown."""
        if self.status == 0 or self.status >= _WORST:
            return "8"
        return "4" if self.status >= 400 else "0"  # noqa: PLR2004

    def canonical(self) -> bytes:
        """The one spelling of the event, which is what is kept and chained."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)


def read(content: bytes | str) -> Event:
    """The event that was spelled `content`; ValueError or TypeError when it is none."""
    fields = orjson.loads(content)
    return Event(**{**fields, "patients": tuple(fields["patients"])})


def instant(clock: Clock) -> str:
    """Now, as a FHIR instant."""
    return clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    """An id for an event."""
    return uuid4().hex


def fhir(event: Event) -> dict[str, Any]:
    """The AuditEvent (https://hl7.org/fhir/R4/auditevent.html), in the shape of IHE BALP."""
    resource = {
        "resourceType": "AuditEvent",
        "id": event.id,
        "type": _coding(*_TYPES[event.kind]),
        "subtype": [_coding(_INTERACTION, event.interaction)],
        "action": event.action,
        "recorded": event.recorded,
        "outcome": event.outcome,
        "outcomeDesc": f"HTTP {event.status}" if event.status else "unknown",
        "purposeOfEvent": [{"coding": [_coding(_PURPOSE, event.purpose)]}],
        "agent": _agents(event),
        "source": {
            "site": event.tenant,
            "observer": {"display": event.source},
            "type": [_coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4")],
        },
        "entity": _entities(event),
    }
    return {name: value for name, value in resource.items() if value}


def _coding(system: str, code: str, display: str | None = None) -> dict[str, str]:
    coding = {"system": system, "code": code}
    return coding if display is None else {**coding, "display": display}


def _agents(event: Event) -> list[dict[str, Any]]:
    client, server = (_SOURCE, _DESTINATION) if event.action in "CUE" else (_DESTINATION, _SOURCE)
    user = {
        "type": {"coding": [_coding(_PARTICIPATION, "IRCP", "information recipient")]},
        "role": [{"text": event.role or "unknown"}],
        "who": {"identifier": {"value": event.subject or "unknown"}},
        "requestor": True,
    }
    sides = [
        {
            "type": {"coding": [_coding(_DICOM, *role)]},
            "who": {"display": display},
            "requestor": False,
        }
        for role, display in ((client, "client"), (server, event.source))
    ]
    return [user, *sides]


def _entities(event: Event) -> list[dict[str, Any]]:
    people = [
        _entity("1", "1", what={"reference": f"Patient/{patient}"}) for patient in event.patients
    ]
    details = [{"type": "operation", "valueString": event.operation}]
    asked = _entity("2", "24" if event.query else "4", detail=details)
    if event.path:
        asked["what"] = {"identifier": {"value": event.path}}
    if event.query:
        asked["query"] = base64.b64encode(event.query.encode()).decode()
    return [*people, asked, *_request(event)]


def _entity(kind: str, role: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": _coding(_ENTITY_TYPE, kind),
        "role": _coding(_OBJECT_ROLE, role),
        **fields,
    }


def _request(event: Event) -> list[dict[str, Any]]:
    """The trace of the request, where BALP has the X-Request-Id."""
    if event.trace is None:
        return []
    system = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
    return [{"type": _coding(system, "XrequestId"), "what": {"identifier": {"value": event.trace}}}]
