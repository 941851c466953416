"""FHIR create, read and update of one resource type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored

_SUBJECTS = {"Observation": "subject", "Encounter": "subject", "AllergyIntolerance": "patient"}
PREFIX = "/v1/fhir"


def etag(version: int) -> str:
    """The weak entity tag of a version, as FHIR asks (https://hl7.org/fhir/R4/http.html)."""
    return f'W/"{version}"'


def now() -> str:
    """The current moment as a FHIR instant."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def patient_of(kind: str, resource: dict[str, Any]) -> str | None:
    """The id of the patient that `resource` is about, if it says so in a way that can be read."""
    link = resource.get(_SUBJECTS.get(kind, ""))
    reference = link.get("reference") if isinstance(link, dict) else None
    return reference.removeprefix("Patient/") if isinstance(reference, str) else None


async def insert(
    connection: Connection, tenant: str, kind: str, resource: dict[str, Any], resource_id: str
) -> bytes:
    """Store a new resource of version 1; returns it as JSON. Refusal 404: unknown patient."""
    patient = patient_of(kind, resource)
    if patient is not None:
        await require_patient(connection, patient)
    content = _numbered(resource, resource_id, 1)
    await connection.execute(
        "INSERT INTO resources (tenant, type, id, patient, family, content) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        tenant, kind, resource_id, patient, _family(resource), content.decode(),
    )  # fmt: skip
    await _index_identifiers(connection, tenant, kind, resource, resource_id)
    return content


def _numbered(resource: dict[str, Any], resource_id: str, version: int) -> bytes:
    """The resource with the server's id, version and time, whatever the client said of them."""
    meta = resource.get("meta")
    own = {"versionId": str(version), "lastUpdated": now()}
    stamped = resource | {
        "id": resource_id,
        "meta": (meta if isinstance(meta, dict) else {}) | own,
    }
    return orjson.dumps(stamped)


def _family(resource: dict[str, Any]) -> str | None:
    names = resource.get("name")
    first = names[0] if isinstance(names, list) and names else None
    family = first.get("family") if isinstance(first, dict) else None
    return family.lower() if isinstance(family, str) else None


async def _index_identifiers(
    connection: Connection, tenant: str, kind: str, resource: dict[str, Any], resource_id: str
) -> None:
    """Make the resource findable as `value` and as `system|value`."""
    tokens: set[str] = set()
    identifiers = resource.get("identifier")
    for each in identifiers if isinstance(identifiers, list) else []:
        if isinstance(each, dict) and isinstance(each.get("value"), str):
            tokens |= {each["value"], f"{each.get('system', '')}|{each['value']}"}
    if tokens:
        await connection.executemany(
            "INSERT INTO identifiers (tenant, type, value, id) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT DO NOTHING",
            [(tenant, kind, token, resource_id) for token in tokens],
        )


class ResourceStore:
    """The resources of one type."""

    def __init__(self, inner: Stored, kind: str) -> None:
        self._inner = inner
        self._kind = kind
        self._concurrency = inner.decisions.concurrency_control

    async def create(self, call: Call) -> Response:
        """`POST /v1/fhir/{type}`."""
        resource_id = new_id()
        async with self._inner.transaction(call) as connection:
            content = await insert(connection, call.tenant, self._kind, call.json(), resource_id)
        return answer(content, 201, Location=self._location(resource_id), ETag=etag(1))

    async def read(self, call: Call) -> Response:
        """`GET /v1/fhir/{type}/{id}`."""
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(
                "SELECT content::text, version FROM resources WHERE id = $1 AND type = $2",
                call.path["id"], self._kind,
            )  # fmt: skip
        if row is None:
            raise self._unknown()
        return answer(row["content"], ETag=etag(row["version"]))

    async def update(self, call: Call) -> Response:
        """`PUT /v1/fhir/{type}/{id}`."""
        resource, resource_id = call.json(), call.path["id"]
        async with self._inner.transaction(call) as connection:
            current = await connection.fetchval(
                "SELECT version FROM resources WHERE id = $1 AND type = $2",
                resource_id, self._kind,
            )  # fmt: skip
            if current is None:
                raise self._unknown()
            expected = self._concurrency.expected_version(call.headers.get("If-Match"))
            content = _numbered(resource, resource_id, current + 1)
            await self._replace(connection, resource, resource_id, content, expected)
            await self._reindex(connection, call.tenant, resource, resource_id)
        return answer(content, ETag=etag(current + 1))

    async def _replace(
        self,
        connection: Connection,
        resource: dict[str, Any],
        resource_id: str,
        content: bytes,
        expected: int | None,
    ) -> None:
        patient = patient_of(self._kind, resource)
        if patient is not None:
            await require_patient(connection, patient)
        replaced = await connection.fetchval(
            "UPDATE resources SET version = version + 1, patient = $3, family = $4, content = $5 "
            "WHERE id = $1 AND type = $2 AND ($6::integer IS NULL OR version = $6) RETURNING 1",
            resource_id, self._kind, patient, _family(resource), content.decode(), expected,
        )  # fmt: skip
        if not replaced:
            raise Refusal(412, "If-Match: not the current version. Read it again, then decide.")

    async def _reindex(
        self, connection: Connection, tenant: str, resource: dict[str, Any], resource_id: str
    ) -> None:
        await connection.execute(
            "DELETE FROM identifiers WHERE id = $1 AND type = $2", resource_id, self._kind
        )
        await _index_identifiers(connection, tenant, self._kind, resource, resource_id)

    def _location(self, resource_id: str) -> str:
        return f"{PREFIX}/{self._kind}/{resource_id}"

    def _unknown(self) -> Refusal:
        return Refusal(404, f"{self._kind}: nothing has this id.")
