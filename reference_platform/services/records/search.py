"""FHIR search of one resource type, the newest first."""

from __future__ import annotations

from starlette.responses import Response

from reference_platform.decisions.bounded_queries import Selection
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored
from reference_platform.services.records.parameters import conditions
from reference_platform.services.searchset import bundle, match


class Searches:
    """Searches for resources of one type."""

    def __init__(self, inner: Stored, kind: str) -> None:
        self._inner = inner
        self._queries = inner.decisions.bounded_queries
        self._kind = kind

    async def search(self, call: Call) -> Response:
        """`GET /v1/fhir/{type}?identifier=&patient=&_count=&_cursor=` and so on."""
        where, arguments = conditions(self._kind, call)
        columns = "r.id, r.content::text AS content"
        selection = Selection("resources r", columns, where, arguments)
        size, cursor = self._queries.size(call.query.get("_count")), call.query.get("_cursor")
        async with self._inner.transaction(call) as connection:
            page = await self._queries.page(connection, selection, size, cursor)
        entries = [match(self._kind, row["id"], row["content"]) for row in page.rows]
        return answer(bundle("searchset", call, page, entries))
