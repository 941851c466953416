"""FHIR vread and history of one resource (https://hl7.org/fhir/R4/http.html#vread)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reference_platform.decisions.bounded_queries import Selection
from reference_platform.outcomes import Refusal
from reference_platform.rows import instant, moment_of
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored
from reference_platform.services.records.resources import etag, resource_answer
from reference_platform.services.searchset import PREFIX, bundle

_VERSIONS = """(
    SELECT version, content, NULL::timestamptz AS deleted FROM resources
    WHERE id = $1 AND type = $2
    UNION ALL
    SELECT version, content, deleted FROM resource_versions WHERE id = $1 AND type = $2
) r"""
_COLUMNS = """
    r.version, r.content::text AS content, r.deleted,
    r.content #>> '{meta,lastUpdated}' AS updated
"""


class Histories:
    """The versions of the resources of one type."""

    def __init__(self, inner: Stored, kind: str) -> None:
        self._inner = inner
        self._queries = inner.decisions.bounded_queries
        self._kind = kind

    async def read(self, call: Call) -> Response:
        """`GET /v1/fhir/{type}/{id}/_history/{version}`."""
        text = call.path["version"]
        version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(
                f"SELECT {_COLUMNS} FROM {_VERSIONS} WHERE r.version = $3",  # noqa: S608
                call.path["id"], self._kind, version,
            )  # fmt: skip
        if row is None:
            raise Refusal(404, f"{self._kind}: there is no such version.")
        if row["deleted"]:
            raise Refusal(410, f"{self._kind}: this version is its deletion.")
        return resource_answer(row["content"], version, moment_of(row["updated"]))

    async def list(self, call: Call) -> Response:
        """`GET /v1/fhir/{type}/{id}/_history`."""
        arguments = [call.path["id"], self._kind]
        selection = Selection(_VERSIONS, _COLUMNS, ["true"], arguments, "version", "version")
        size, cursor = self._queries.size(call.query.get("_count")), call.query.get("_cursor")
        async with self._inner.transaction(call) as connection:
            page = await self._queries.page(connection, selection, size, cursor)
        if not page.rows and cursor is None:
            raise Refusal(404, f"{self._kind}: nothing has this id.")
        place = f"{self._kind}/{call.path['id']}"
        entries = [self._entry(place, row) for row in page.rows]
        return answer(bundle("history", call, page, entries))

    def _entry(self, place: str, row: Any) -> str:
        version, deleted = row["version"], row["deleted"]
        first = version == 1
        method, status = ("POST", "201") if first else ("PUT", "200")
        if deleted:
            method, status = "DELETE", "204"
        resource = "" if deleted else f'"resource":{row["content"]},'
        modified = instant(deleted) if deleted else row["updated"]
        tag = etag(version).replace('"', '\\"')
        return (
            f'{{"fullUrl":"{PREFIX}/{place}",{resource}'
            f'"request":{{"method":"{method}","url":"{self._kind if first else place}"}},'
            f'"response":{{"status":"{status}","etag":"{tag}","lastModified":"{modified}"}}}}'
        )
