"""The latest observation per code, and the conditions of a patient: what a score is made of."""

from __future__ import annotations

from starlette.responses import Response

from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored

# Recorded last counts as latest. What was cancelled or entered in error was never measured.
_VITALS = """
    SELECT EXISTS (SELECT FROM resources WHERE id = $1 AND type = 'Patient') AS known,
        (
            SELECT json_object_agg(code, content ORDER BY sequence)::text FROM (
                SELECT DISTINCT ON (coding ->> 'code')
                    coding ->> 'code' AS code, o.content, o.sequence
                FROM resources o, jsonb_array_elements(o.content -> 'code' -> 'coding') coding
                WHERE o.patient = $1 AND o.type = 'Observation'
                    AND coding ->> 'code' = ANY ($2::text[])
                    AND o.content ->> 'status' IN ('final', 'preliminary', 'amended', 'corrected')
                ORDER BY coding ->> 'code', o.sequence DESC
            ) latest
        ) AS observations,
        (
            SELECT json_agg(coding ->> 'code')::text
            FROM resources c, jsonb_array_elements(c.content -> 'code' -> 'coding') coding
            WHERE c.patient = $1 AND c.type = 'Condition'
        ) AS conditions
"""


class LatestVitals:
    """What cds asks about a patient, in one query."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def read(self, call: Call) -> Response:
        """`GET /internal/patients/{id}/vitals?codes=a,b`: {observations by code, conditions}."""
        codes = call.query["codes"].split(",")
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(_VITALS, call.path["id"], codes)
        if not row["known"]:
            raise Refusal(404, "Patient: nothing has this id.")
        observations, conditions = row["observations"] or "{}", row["conditions"] or "[]"
        return answer(f'{{"observations":{observations},"conditions":{conditions}}}')
