"""FHIR Provenance (https://hl7.org/fhir/R4/provenance.html): who wrote which version, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.decisions.bounded_queries import Selection
from reference_platform.outcomes import Refusal
from reference_platform.rows import instant
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored
from reference_platform.services.searchset import bundle, match

_COLUMNS = "r.id, r.target, r.version, r.recorded, r.activity, r.subject, r.role"
_ACTIVITIES = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_PARTICIPANTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_SOURCE = "urn:reference-platform:records"


class Provenances:
    """Read only: `writing` makes them."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner
        self._queries = inner.decisions.bounded_queries

    async def read(self, call: Call) -> Response:
        """`GET /v1/fhir/Provenance/{id}`."""
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(
                f"SELECT {_COLUMNS} FROM provenances r WHERE r.id = $1",  # noqa: S608
                call.path["id"],
            )
        if row is None:
            raise Refusal(404, "Provenance: nothing has this id.")
        return answer(_resource(row))

    async def search(self, call: Call) -> Response:
        """`GET /v1/fhir/Provenance?target=&patient=`."""
        given = dict(_conditions(call)) or {"r.tenant": call.tenant}
        where = [f"{column} = ${n}" for n, column in enumerate(given, 1)]
        selection = Selection("provenances r", _COLUMNS, where, list(given.values()))
        size, cursor = self._queries.size(call.query.get("_count")), call.query.get("_cursor")
        async with self._inner.transaction(call) as connection:
            page = await self._queries.page(connection, selection, size, cursor)
        entries = [match("Provenance", row["id"], _resource(row).decode()) for row in page.rows]
        return answer(bundle("searchset", call, page, entries))


def _conditions(call: Call) -> Iterator[tuple[str, str]]:
    columns = {"_id": "r.id", "patient": "r.patient", "target": "r.target"}
    for name, column in columns.items():
        if (value := call.query.get(name)) is not None:
            yield column, value.removeprefix("Patient/") if name == "patient" else value


def _resource(row: Any) -> bytes:
    agent = {
        "type": _concept(_PARTICIPANTS, "author"),
        "role": [{"text": row["role"]}],
        "who": {"display": row["subject"] or row["role"]},
    }
    return orjson.dumps(
        {
            "resourceType": "Provenance",
            "id": row["id"],
            "meta": {"source": _SOURCE},
            "target": [{"reference": f"{row['target']}/_history/{row['version']}"}],
            "recorded": instant(row["recorded"]),
            "activity": _concept(_ACTIVITIES, row["activity"]),
            "agent": [agent],
        }
    )


def _concept(system: str, code: str) -> dict[str, object]:
    return {"coding": [{"system": system, "code": code}]}
