"""What patients have permitted and refused, for the gateway."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored

PROVISIONS = """
    SELECT patient, (content -> 'provision')::text AS provision FROM resources
    WHERE patient = ANY($1::text[]) AND type = 'Consent'
        AND content ->> 'status' = 'active' AND content -> 'provision' IS NOT NULL
"""
"""The active provisions of patients."""


class Consents:
    """The provisions of active Consents."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def of_patients(self, call: Call) -> Response:
        """`GET /internal/consents?patient=`: ids, with commas between them."""
        patients = call.query.get("patient", "").split(",")
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(PROVISIONS, patients)
        provisions: dict[str, list[object]] = {}
        for row in rows:
            provisions.setdefault(row["patient"], []).append(orjson.loads(row["provision"]))
        return answer(orjson.dumps({"provisions": provisions}))
