"""Lines of JSON as rows of the database, packed for COPY."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from reference_platform.contract.primitives import ID_PATTERN
from reference_platform.load import packing
from reference_platform.load.errors import InputError
from reference_platform.rows import DATES, Row, instant, moment_of, patient_of

RESOURCE_COLUMNS = (
    "tenant", "type", "version", "sequence", "id", "patient", "family", "gender", "date", "content",
)  # fmt: skip
IDENTIFIER_COLUMNS = ("tenant", "type", "value", "id", "patient")
_ID = re.compile(ID_PATTERN.removesuffix("$") + r"\Z")
_META, _META_BEGINS = b'"meta"', b'"meta":{'
_NOBODY = packing.NULL + packing.NULL  # family and gender of what is no person


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

        Raises InputError for a bad line, with its number counted from 1.
        """
        prepared = Prepared()
        for number, line in enumerate(lines.split(b"\n"), first):
            if line.strip():
                try:
                    self._add(prepared, line, sequence + number)
                except ValueError as error:
                    raise InputError(f"{error}.", number + 1) from None
        return prepared

    def _add(self, prepared: Prepared, line: bytes, sequence: int) -> None:
        resource = self._resource(line)
        kind, known = resource["resourceType"], resource["id"]
        person = kind == "Patient"
        patient = known if person else patient_of(kind, resource)
        about = prepared.patients if person else prepared.subjects
        if patient not in about:
            if patient is None or not _ID.match(patient):
                raise ValueError("subject: not a reference to a Patient")
            about.add(patient)
        row = (
            self._constant[kind], packing.bigint(sequence), packing.text(known),
            packing.text(patient), self._demographics(resource) if person else _NOBODY,
            _date(kind, resource), packing.jsonb(self._content(line, resource.get("meta"))),
        )  # fmt: skip
        prepared.resources.append(b"".join(row))
        if "identifier" in resource:
            prepared.identifiers += self._identifiers(resource, patient)

    def _resource(self, line: bytes) -> dict[str, Any]:
        try:
            resource = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise ValueError("not JSON") from None
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or kind not in DATES:
            raise ValueError("resourceType: not one that the platform keeps")
        if not isinstance(known := resource.get("id"), str) or not _ID.match(known):
            raise ValueError("id: missing, or not an id")
        if self.check:
            _check(kind, line)
        return resource  # type: ignore[no-any-return]

    def _content(self, line: bytes, meta: object) -> bytes:
        """The line with the server's version and time, in its own `meta` if that is easy to find.

        Otherwise in a second one: jsonb keeps the last of equal names, after more work.
        """
        known = meta if isinstance(meta, dict) else {}
        place = line.find(_META)
        if (
            line.startswith(_META_BEGINS, place)
            and line.rfind(_META) == place
            and b"\\" not in line  # no name is written in another way
            and known
            and "versionId" not in known
            and "lastUpdated" not in known
        ):
            return line[:place] + self._stamp + line[place + len(_META_BEGINS) :]
        return b'%b,"meta":%b}' % (line.rstrip()[:-1], orjson.dumps(known | self._own))

    def _demographics(self, resource: dict[str, Any]) -> bytes:
        row = Row("Patient", resource["id"], 1, resource, self.moment)
        return packing.text(row.family) + packing.text(row.gender)

    def _identifiers(self, resource: dict[str, Any], patient: str) -> list[bytes]:
        row = Row(resource["resourceType"], resource["id"], 1, resource, self.moment)
        before = packing.columns(len(IDENTIFIER_COLUMNS)) + self._tenant + packing.text(row.kind)
        after = packing.text(row.id) + packing.text(patient)
        return [before + packing.text(token) + after for token in row.tokens]

    @cached_property
    def _own(self) -> dict[str, str]:
        return {"versionId": "1", "lastUpdated": instant(self.moment)}

    @cached_property
    def _stamp(self) -> bytes:
        """The beginning of a `meta` that has more members than the server's."""
        return _META_BEGINS + orjson.dumps(self._own)[1:-1] + b","

    @cached_property
    def _tenant(self) -> bytes:
        return packing.text(self.tenant)

    @cached_property
    def _constant(self) -> dict[str, bytes]:
        """What all rows of a type begin with: tenant, type, version."""
        before = packing.columns(len(RESOURCE_COLUMNS)) + self._tenant
        return {kind: before + packing.text(kind) + packing.integer(1) for kind in DATES}


def _date(kind: str, resource: dict[str, Any]) -> bytes:
    """One that nobody can read would break a chart much later."""
    for name in DATES[kind]:
        value = resource.get(name)
        if isinstance(value, dict) and "start" not in value:
            return packing.NULL
        if value is not None:
            moment = moment_of(value["start"] if isinstance(value, dict) else value)
            if moment is None:
                raise ValueError(f"{name}: not a date")
            return packing.timestamptz(moment)
    return packing.NULL


def _check(kind: str, line: bytes) -> None:
    """Hold the line against the contract; pydantic's ValidationError is a ValueError."""
    from pydantic import ValidationError

    from reference_platform.contract.resources import RESOURCES

    try:
        RESOURCES[kind].model_validate_json(line)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise ValueError(f"{place}: {problem['msg']}") from None
