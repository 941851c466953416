"""FHIR create, read, update and delete of one resource type."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.outcomes import Refusal
from reference_platform.rows import Row
from reference_platform.services.call import ABOUT, Call, answer, new_id
from reference_platform.services.inner import Stored
from reference_platform.services.records.conditional import existing
from reference_platform.services.records.writing import insert, remove, replace
from reference_platform.services.searchset import PREFIX


def etag(version: int) -> str:
    """The weak entity tag of a version, as FHIR asks (https://hl7.org/fhir/R4/http.html)."""
    return f'W/"{version}"'


def resource_answer(
    content: str, version: int, moment: datetime | None, status: int = 200, **headers: str
) -> Response:
    """One version of a resource, with its ETag and Last-Modified."""
    if moment is not None:
        headers["Last-Modified"] = format_datetime(moment, usegmt=True)
    return answer(content, status, ETag=etag(version), **headers)


class ResourceStore:
    """The resources of one type."""

    def __init__(self, inner: Stored, kind: str) -> None:
        self._inner = inner
        self._kind = kind
        self._clock = inner.settings.clock
        self._concurrency = inner.decisions.concurrency_control

    async def create(self, call: Call) -> Response:
        """`POST /v1/fhir/{type}`; with If-None-Exist only when nothing is there yet."""
        row = self._row(call, new_id(), 1)
        async with self._inner.transaction(call) as connection:
            known = await existing(connection, call, self._kind)
            if known is None:
                await insert(connection, call.who, row)
        if known is not None:
            location = self._location(known["id"])
            text, version, updated = known["content"], known["version"], known["updated"]
            return resource_answer(text, version, updated, Location=location)
        return resource_answer(row.content, 1, row.moment, 201, Location=self._location(row.id))

    async def read(self, call: Call) -> Response:
        """`GET /v1/fhir/{type}/{id}`; 304 when If-None-Match names the current version."""
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(
                "SELECT content::text, version, updated FROM resources WHERE id = $1 AND type = $2",
                call.path["id"], self._kind,
            )  # fmt: skip
            if row is None:
                raise await self._absence(connection, call.path["id"])
        if call.headers.get("If-None-Match") == etag(row["version"]):
            return answer(b"", 304, ETag=etag(row["version"]))
        return resource_answer(row["content"], row["version"], row["updated"])

    async def update(self, call: Call) -> Response:
        """`PUT /v1/fhir/{type}/{id}`."""
        async with self._inner.transaction(call) as connection:
            current = await self._locked(connection, call)
            row = self._row(call, call.path["id"], current["version"] + 1)
            await replace(connection, call.who, row)
        response = resource_answer(row.content, row.version, row.moment)
        response.headers[ABOUT] = current["patient"] or ""
        return response

    async def delete(self, call: Call) -> Response:
        """`DELETE /v1/fhir/{type}/{id}`: gone for every read but those of its history."""
        async with self._inner.transaction(call) as connection:
            current = await self._locked(connection, call)
            await self._require_alone(connection, call.path["id"])
            version = current["version"] + 1
            tombstone = Row(self._kind, call.path["id"], version, {}, self._clock.now())
            await remove(connection, call.who, tombstone)
        about = current["patient"] or ""
        return Response(status_code=204, headers={"ETag": etag(version), ABOUT: about})

    def _row(self, call: Call, resource_id: str, version: int) -> Row:
        return Row(self._kind, resource_id, version, call.json(), self._clock.now())

    def _location(self, resource_id: str) -> str:
        return f"{PREFIX}/{self._kind}/{resource_id}"

    async def _locked(self, connection: Connection, call: Call) -> Connection:
        """The current row, if it is the one that the caller means to change."""
        resource_id = call.path["id"]
        current = await connection.fetchrow(
            "SELECT version, patient FROM resources WHERE id = $1 AND type = $2 FOR UPDATE",
            resource_id, self._kind,
        )  # fmt: skip
        if current is None:
            raise await self._absence(connection, resource_id)
        expected = self._concurrency.expected_version(call.headers.get("If-Match"))
        if expected not in (None, current["version"]):
            raise Refusal(412, "If-Match: not the current version. Read it again, then decide.")
        return current

    async def _require_alone(self, connection: Connection, resource_id: str) -> None:
        """Nothing may be left that is about a patient who is not there."""
        if self._kind != "Patient":
            return
        dependent = await connection.fetchval(
            "SELECT 1 FROM resources WHERE patient = $1 AND type <> 'Patient' LIMIT 1", resource_id
        )
        if dependent:
            raise Refusal(
                409, "Patient: other resources are about this patient. Delete them first."
            )

    async def _absence(self, connection: Connection, resource_id: str) -> Refusal:
        """Whether it was there once makes a difference in FHIR."""
        deleted = await connection.fetchval(
            "SELECT 1 FROM resource_versions WHERE id = $1 AND type = $2 LIMIT 1",
            resource_id, self._kind,
        )  # fmt: skip
        if deleted:
            return Refusal(410, f"{self._kind}: was deleted. Its history is still there.")
        return Refusal(404, f"{self._kind}: nothing has this id.")
