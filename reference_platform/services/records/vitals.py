"""The latest observation per code, and the conditions of a patient: what a score is made of."""

from __future__ import annotations

from starlette.responses import Response

from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored

# Recorded last counts as latest. What was cancelled or entered in error was never measured. To find
# the code in the text first saves to parse most of what is something else.
_VITALS = """
    WITH measured AS MATERIALIZED (
        SELECT content, sequence FROM resources WHERE patient = $1 AND type = 'Observation'
        ORDER BY sequence DESC
    )
    SELECT EXISTS (SELECT FROM resources WHERE id = $1 AND type = 'Patient') AS known,
        (
            SELECT json_object_agg(code, content ORDER BY sequence)::text
            FROM (SELECT DISTINCT unnest($2::text[]) AS code) wanted, LATERAL (
                SELECT m.content, m.sequence FROM measured m
                WHERE CASE
                    WHEN strpos(m.content::text, code) > 0 OR strpos(m.content::text, '\\') > 0
                    THEN m.content ->> 'status' IN ('final', 'preliminary', 'amended', 'corrected')
                        AND (m.content -> 'code' -> 'coding')::jsonb
                            @> jsonb_build_array(jsonb_build_object('code', code))
                    ELSE false END
                ORDER BY m.sequence DESC LIMIT 1
            ) latest
        ) AS observations,
        (
            SELECT json_agg(coding ->> 'code')::text
            FROM resources c, json_array_elements(c.content -> 'code' -> 'coding') coding
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
