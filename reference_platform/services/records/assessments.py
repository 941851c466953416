"""Stored scores: what cds has told, in the order in which it was told."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored

_MOST = 100
_MIGRATION = """
    UPDATE assessments SET format = 2,
        content = (content - 'score') || jsonb_build_object('total', content -> 'score')
    WHERE format = 1
"""


class Assessments:
    """A patient's stored scores."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def append(self, call: Call) -> Response:
        """`POST /internal/patients/{id}/assessments`: a row {format, content}."""
        row = call.json()
        async with self._inner.transaction(call) as connection:
            await connection.execute(
                "INSERT INTO assessments (tenant, patient, format, content) "
                "VALUES ($1, $2, $3, $4)",
                call.tenant, call.path["id"], row["format"], orjson.dumps(row["content"]).decode(),
            )  # fmt: skip
        return answer(b"{}", 201)

    async def of_patient(self, call: Call) -> Response:
        """`GET /internal/patients/{id}/assessments?count=`: rows, newest first."""
        limit = int(call.query.get("count", _MOST))
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(
                "SELECT format, content::text AS content FROM assessments WHERE patient = $1 "
                "ORDER BY sequence DESC LIMIT $2",
                call.path["id"], limit,
            )  # fmt: skip
        texts = [f'{{"format":{row["format"]},"content":{row["content"]}}}' for row in rows]
        return answer(f"[{','.join(texts)}]")

    async def migrate(self, call: Call) -> Response:
        """`POST /internal/assessments/migration`: to format 2, in place; there is no way back."""
        async with self._inner.transaction(call) as connection:
            await connection.execute(_MIGRATION)
        return answer(b"{}")
