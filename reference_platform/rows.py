"""A FHIR resource as a row: what the database must know of it besides its JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # after a backslash that is not escaped itself
SUBJECTS = {
    "Observation": "subject",
    "Encounter": "subject",
    "Condition": "subject",
    "MedicationRequest": "subject",
    "AllergyIntolerance": "patient",
    "Consent": "patient",
}
DATES = {
    "Patient": ("birthDate",),
    "Observation": ("effectiveDateTime", "effectivePeriod"),
    "Encounter": ("period",),
    "AllergyIntolerance": ("recordedDate",),
    "Condition": ("onsetDateTime",),
    "MedicationRequest": ("authoredOn",),
    "Consent": ("dateTime",),
}


@dataclass(frozen=True)
class Row:
    """One version of a resource. What a careless client sent is None where it cannot be read."""

    kind: str
    id: str
    version: int
    resource: dict[str, Any]
    moment: datetime

    @property
    def content(self) -> str:
        """`json` as text."""
        return self.json.decode()

    @cached_property
    def json(self) -> bytes:
        """JSON with the server's id, version and time, whatever the client said of them."""
        meta = self.resource.get("meta")
        own = {"versionId": str(self.version), "lastUpdated": instant(self.moment)}
        stamped = self.resource | {
            "id": self.id,
            "meta": (meta if isinstance(meta, dict) else {}) | own,
        }
        return orjson.dumps(stamped)

    @property
    def place(self) -> str:
        """Type and id, as references have it."""
        return f"{self.kind}/{self.id}"

    @property
    def patient(self) -> str | None:
        """Whom it is about; a Patient is about itself."""
        return self.id if self.kind == "Patient" else patient_of(self.kind, self.resource)

    @property
    def family(self) -> str | None:
        """The family name of a Patient, in small letters."""
        names = self.resource.get("name")
        first = names[0] if isinstance(names, list) and names else None
        family = first.get("family") if isinstance(first, dict) else None
        return family.lower() if isinstance(family, str) else None

    @property
    def gender(self) -> str | None:
        """The gender of a Patient."""
        gender = self.resource.get("gender")
        return gender if isinstance(gender, str) else None

    @property
    def date(self) -> datetime | None:
        """When it happened or began; of a Patient, when he was born."""
        values = [self.resource.get(name) for name in DATES.get(self.kind, ())]
        found = next((value for value in values if value is not None), None)
        return moment_of(found.get("start") if isinstance(found, dict) else found)

    @property
    def tokens(self) -> list[str]:
        """Its business identifiers, each as `value` and as `system|value`."""
        identifiers = self.resource.get("identifier")
        tokens: dict[str, None] = {}
        for each in identifiers if isinstance(identifiers, list) else []:
            if isinstance(each, dict) and isinstance(each.get("value"), str):
                tokens |= {each["value"]: None, f"{each.get('system', '')}|{each['value']}": None}
        return list(tokens)


def patient_of(kind: str, resource: dict[str, Any]) -> str | None:
    """The id of the patient that `resource` refers to, if it does so in a way that can be read."""
    link = resource.get(SUBJECTS.get(kind, ""))
    reference = link.get("reference") if isinstance(link, dict) else None
    return reference.removeprefix("Patient/") if isinstance(reference, str) else None


def moment_of(text: object) -> datetime | None:
    """A FHIR date or dateTime as a moment; a day without a zone begins in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def nul(json: bytes) -> int | None:
    """Where a string of it has the character U+0000, which PostgreSQL stores but never reads."""
    if json.find(b"\\") < 0 or json.find(b"\\u0000") < 0:  # which is found much faster
        return None
    found = _NUL.search(json)
    return found and found.start()


def instant(moment: datetime) -> str:
    """A moment as a FHIR instant, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
