"""Quarantine: messages that could not be applied, until somebody repairs or understands them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.dialects import Code, Problem
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.hub.intake import PLATFORM, Intake
from reference_platform.services.inner import Stored

_LISTED = 1000
_SUMMARY = "id, received, sender, control_id, place, reason, state, times"


class Quarantine:
    """What is held for a tenant."""

    def __init__(self, inner: Stored, intake: Intake) -> None:
        self._inner = inner
        self._intake = intake

    async def show(self, call: Call) -> Response:
        """`GET /v1/quarantine?state=`: why each message is held, and not what is in it."""
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(
                f"SELECT {_SUMMARY} FROM quarantine "  # noqa: S608 - names of columns
                f"WHERE $1::text IS NULL OR state = $1 ORDER BY sequence DESC LIMIT {_LISTED}",
                call.query.get("state"),
            )
        return answer(orjson.dumps({"messages": [_told(row) for row in rows]}))

    async def read(self, call: Call) -> Response:
        """`GET /v1/quarantine/{id}`: with the message as it came."""
        row = await self._held(call)
        text = bytes(row["message"]).decode("utf-8", "backslashreplace")
        return answer(orjson.dumps(_told(row) | {"message": text}))

    async def replay(self, call: Call) -> Response:
        """`POST /v1/quarantine/{id}/replay`: apply a repaired message, or the same as it came."""
        row = await self._held(call)
        if row["state"] == "applied":
            raise Refusal(409, "Quarantine: this message is applied already.")
        repaired = call.json().get("message")
        message = bytes(row["message"]) if repaired is None else _segments(repaired)
        state, place, reason = "applied", row["place"], row["reason"]
        try:
            # Nobody writes into another hospital; the platform's own quarantine has all senders.
            own = None if call.tenant == PLATFORM else call.tenant
            await self._intake.apply(message, call.deadline, own)
        except (ValueError, LookupError) as error:
            state, (place, reason) = "held", _why(error)
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(
                "UPDATE quarantine SET state = $2, place = $3, reason = $4 WHERE id = $1 "  # noqa: S608
                f"AND state = 'held' RETURNING {_SUMMARY}",
                row["id"], state, place, reason,
            )  # fmt: skip
        if row is None:
            raise Refusal(409, "Quarantine: this message is applied already.")
        return answer(orjson.dumps(_told(row)))

    async def _held(self, call: Call) -> Mapping[str, Any]:
        async with self._inner.transaction(call) as connection:
            row: Mapping[str, Any] | None = await connection.fetchrow(
                f"SELECT {_SUMMARY}, message FROM quarantine WHERE id = $1",  # noqa: S608
                call.path["id"],
            )
        if row is None:
            raise Refusal(404, "Quarantine: no message has this id.")
        return row


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in _SUMMARY.split(", ")}
    return told | {"received": told["received"].isoformat().replace("+00:00", "Z")}


def _segments(message: str) -> str:
    """JSON's lines are HL7's segments."""
    return message.replace("\r\n", "\r").replace("\n", "\r")


def _why(error: Exception) -> tuple[str, str]:
    if isinstance(error, Problem):
        return error.place, str(error)
    problem = Problem("MSH", Code.INTERNAL, "the message cannot be processed")
    return problem.place, str(problem)
