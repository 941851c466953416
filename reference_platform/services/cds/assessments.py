"""Scores as they are kept by records, and how each version reads them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from reference_platform.decisions.instant_rollback import RENAMED, InstantRollback
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call
from reference_platform.services.cds.versions import FIRST
from reference_platform.services.downstream import Downstream

Score = Mapping[str, Any]


def read_first(row: Mapping[str, Any]) -> Score:
    """A row as v1 reads it: it knows one format, and nothing of those that come later.

    KeyError for a row without a score.
    """
    content: Score = row["content"]
    return {**content, "score": content["score"]}


def read_later(row: Mapping[str, Any]) -> Score:
    """A row as v2 reads it: its own format, and the one before."""
    if row["format"] == RENAMED:
        return {"score" if k == "total" else k: v for k, v in row["content"].items()}
    return read_first(row)


class AssessmentStore:
    """The stored scores of patients; they are only ever appended."""

    def __init__(self, records: Downstream, rollback: InstantRollback) -> None:
        self._records = records
        self._rollback = rollback

    async def append(self, call: Call, score: Score) -> bool:
        """Keep `score`; False when it could not be kept: a score is not withheld for that."""
        row_format, content = self._rollback.row(score["version"], score)
        body = orjson.dumps({"format": row_format, "content": content})
        try:
            reply = await self._records.send(
                "POST", _target(call), call.deadline, call.who.header(), body
            )
        except (Refusal, TimeoutError):
            return False
        return reply.status == HTTPStatus.CREATED

    async def read(self, call: Call, version: str) -> list[Score]:
        """The patient's scores, newest first, as `version` reads them; KeyError if it cannot."""
        reply = await self._records.send(
            "GET", _target(call), call.deadline, call.who.header(), repeatable=True
        )
        if reply.status != HTTPStatus.OK:
            raise Refusal(503, "records: cannot tell the scores. Ask again in a second.")
        read = read_first if version == FIRST else read_later
        return [read(row) for row in orjson.loads(reply.body)]

    async def migrate(self, call: Call) -> None:
        """Bring every row to the format of the latest version, in place."""
        place = "/internal/assessments/migration"
        await self._records.send("POST", place, call.deadline, call.who.header(), b"{}")


def _target(call: Call) -> str:
    return f"/internal/patients/{call.path['id']}/assessments"
