"""The patient chart: who it is, how old, what was measured last, what must not be given."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored


class Charts:
    """Charts, made from what is stored."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner
        self._queries = inner.decisions.bounded_queries

    async def read(self, call: Call) -> Response:
        """`GET /v1/patients/{id}/chart`."""
        async with self._inner.transaction(call) as connection:
            row = await self._queries.chart(connection, call.path["id"])
        if row is None:
            raise Refusal(404, "Patient: nothing has this id.")
        allergies = [_allergy(orjson.loads(concept)) for concept in row["concepts"]]
        allergies += orjson.loads(row["listed"] or "[]")
        return answer(
            f'{{"patient":{row["patient"]},{self._age(row["birth_date"])}'
            f'"observations":[{",".join(row["observations"])}],'
            f'"allergies":{orjson.dumps(allergies).decode()}}}'
        )

    def _age(self, birth_date: str | None) -> str:
        """The member `age` in whole years; nothing when the date of birth is not known."""
        if birth_date is None:
            return ""
        born, today = date.fromisoformat(birth_date), self._inner.settings.clock.now().date()
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return f'"age":{years},'


def _allergy(concept: dict[str, Any]) -> dict[str, str]:
    """Code and display of a CodeableConcept; its text when it has no coding."""
    coding = concept["coding"][0] if "coding" in concept else {}
    display = coding.get("display", concept.get("text"))
    return {k: v for k, v in (("code", coding.get("code")), ("display", display)) if v is not None}
