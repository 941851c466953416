"""The patient chart: who it is, how old, what was measured last, what must not be given."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored

_CHART = """
    SELECT p.content::text AS patient, p.content -> 'birthDate' #>> '{}' AS birth_date,
        ARRAY(
            SELECT o.content::text FROM resources o
            WHERE o.patient = p.id AND o.type = 'Observation'
            ORDER BY o.sequence DESC LIMIT 20
        ) AS observations,
        ARRAY(
            SELECT (a.content -> 'code')::text FROM resources a
            WHERE a.patient = p.id AND a.type = 'AllergyIntolerance'
            ORDER BY a.sequence LIMIT 200
        ) AS concepts,
        (SELECT l.allergies::text FROM allergy_lists l WHERE l.patient = p.id) AS listed
    FROM resources p WHERE p.id = $1 AND p.type = 'Patient'
"""


class Charts:
    """Charts, made from what is stored."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def read(self, call: Call) -> Response:
        """`GET /v1/patients/{id}/chart`."""
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(_CHART, call.path["id"])
        if row is None:
            raise Refusal(404, "Patient: nothing has this id.")
        allergies = [_allergy(orjson.loads(concept)) for concept in row["concepts"]]
        allergies += orjson.loads(row["listed"] or "[]")
        return answer(
            f'{{"patient":{row["patient"]},{_age(row["birth_date"])}'
            f'"observations":[{",".join(row["observations"])}],'
            f'"allergies":{orjson.dumps(allergies).decode()}}}'
        )


def _age(birth_date: str | None) -> str:
    """The member `age` in whole years; nothing when the date of birth is not known."""
    if birth_date is None:
        return ""
    born, today = date.fromisoformat(birth_date), datetime.now(UTC).date()
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return f'"age":{years},'


def _allergy(concept: dict[str, Any]) -> dict[str, str]:
    """Code and display of a CodeableConcept; its text when it has no coding."""
    coding = concept["coding"][0] if "coding" in concept else {}
    display = coding.get("display", concept.get("text"))
    return {k: v for k, v in (("code", coding.get("code")), ("display", display)) if v is not None}
