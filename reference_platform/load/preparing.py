"""Lines of JSON as rows of the database, in the text format of COPY.

https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from reference_platform.contract.primitives import ID_PATTERN
from reference_platform.contract.resources import RESOURCES
from reference_platform.load.errors import InputError
from reference_platform.services.records.rows import DATES, Row, instant

RESOURCE_COLUMNS = (
    "sequence", "tenant", "type", "id", "version", "patient", "family", "gender", "date", "content",
)  # fmt: skip
IDENTIFIER_COLUMNS = ("tenant", "type", "value", "id", "patient")
_ID = re.compile(ID_PATTERN.removesuffix("$") + r"\Z")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(slots=True)
class Prepared:
    """Some lines, ready to be copied, and whose they are."""

    resources: list[bytes] = field(default_factory=list)
    identifiers: list[bytes] = field(default_factory=list)
    patients: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Preparation:
    """How lines become rows: whose they are, when they came, and whether models check them."""

    tenant: str
    moment: datetime
    check: bool = False

    def prepare(self, first: int, lines: bytes, sequence: int) -> Prepared:
        """The rows of `lines`; the first has number `first`, and line 0 would have `sequence`.

        Raises InputError for a bad line, with its number.
        """
        prepared = Prepared()
        for number, line in enumerate(lines.split(b"\n"), first):
            if line.strip():
                try:
                    self._add(prepared, line, sequence + number)
                except ValueError as error:
                    raise InputError(f"{error}.", number) from None
        return prepared

    def _add(self, prepared: Prepared, line: bytes, sequence: int) -> None:
        resource = self._resource(line)
        row = Row(resource["resourceType"], resource["id"], 1, resource, self.moment)
        patient, person = row.patient, row.kind == "Patient"
        if patient is None or not _ID.match(patient):
            raise ValueError("subject: not a reference to a Patient")
        (prepared.patients if person else prepared.subjects).add(patient)
        known = b"%d\t%b\t%b\t%b\t1\t%b\t" % (
            sequence, self._tenant, row.kind.encode(), row.id.encode(), patient.encode(),
        )  # fmt: skip
        demographics = _text(row.family) + b"\t" + _text(row.gender) if person else b"\\N\t\\N"
        prepared.resources.append(
            b"%b%b\t%b\t%b\n" % (known, demographics, _date(row), self._content(line, resource))
        )
        if "identifier" in resource:
            prepared.identifiers += self._identifiers(row)

    def _resource(self, line: bytes) -> dict[str, Any]:
        try:
            resource = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise ValueError("not JSON") from None
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if kind not in RESOURCES:
            raise ValueError("resourceType: not one that the platform keeps")
        if not isinstance(known := resource.get("id"), str) or not _ID.match(known):
            raise ValueError("id: missing, or not an id")
        if self.check:
            _check(kind, line)
        return resource  # type: ignore[no-any-return]

    def _content(self, line: bytes, resource: dict[str, Any]) -> bytes:
        """The line with the server's version and time, spliced in: jsonb keeps the last `meta`."""
        meta = resource.get("meta")
        stamped = orjson.dumps((meta if isinstance(meta, dict) else {}) | self._own)
        spliced = b'%b,"meta":%b}' % (line.rstrip()[:-1], stamped)
        if b"\\" in spliced:
            spliced = spliced.replace(b"\\", b"\\\\")
        return spliced.replace(b"\t", b" ").replace(b"\r", b" ")

    def _identifiers(self, row: Row) -> list[bytes]:
        kind, known, patient = row.kind.encode(), row.id.encode(), _text(row.patient)
        return [
            b"\t".join((self._tenant, kind, _text(token), known, patient)) + b"\n"
            for token in row.tokens
        ]

    @cached_property
    def _own(self) -> dict[str, str]:
        return {"versionId": "1", "lastUpdated": instant(self.moment)}

    @cached_property
    def _tenant(self) -> bytes:
        return _text(self.tenant)


def _text(value: str | None) -> bytes:
    return b"\\N" if value is None else value.translate(_ESCAPES).encode()


def _date(row: Row) -> bytes:
    """As PostgreSQL reads it; one that nobody can read would break a chart much later."""
    if (date := row.date) is not None:
        return date.isoformat().encode()
    for name in DATES[row.kind]:
        value = row.resource.get(name)
        if value is not None and not (isinstance(value, dict) and "start" not in value):
            raise ValueError(f"{name}: not a date")
    return b"\\N"


def _check(kind: str, line: bytes) -> None:
    """Hold the line against the contract; pydantic's ValidationError is a ValueError."""
    from pydantic import ValidationError

    try:
        RESOURCES[kind].model_validate_json(line)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise ValueError(f"{place}: {problem['msg']}") from None
