"""Slots and appointments as FHIR R4 resources, from the tables of the platform's own routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.decisions.bounded_queries import Selection
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored
from reference_platform.services.searchset import bundle, match

_STATUSES = {"busy": "booked"}


@dataclass(frozen=True, slots=True)
class View:
    """Read and search of one type.

    `columns` begin with `r.id`; `filters` are columns by search parameter.
    """

    inner: Stored
    kind: str
    source: str
    columns: str
    filters: dict[str, str]
    resource: Callable[[Any], bytes]

    async def read(self, call: Call) -> Response:
        """`GET /v1/fhir/{type}/{id}`."""
        async with self.inner.transaction(call) as connection:
            row = await connection.fetchrow(
                f"SELECT {self.columns} FROM {self.source} WHERE r.id = $1",  # noqa: S608
                call.path["id"],
            )
        if row is None:
            raise Refusal(404, f"{self.kind}: nothing has this id.")
        return answer(self.resource(row))

    async def search(self, call: Call) -> Response:
        """`GET /v1/fhir/{type}?...&_count=&_cursor=`, the newest first."""
        given = {"r.tenant": call.tenant} | dict(self._conditions(call))
        where = [f"{column} = ${n}" for n, column in enumerate(given, 1)]
        selection = Selection(self.source, self.columns, where, list(given.values()))
        queries = self.inner.decisions.bounded_queries
        size, cursor = queries.size(call.query.get("_count")), call.query.get("_cursor")
        async with self.inner.transaction(call) as connection:
            page = await queries.page(connection, selection, size, cursor)
        entries = [match(self.kind, row["id"], self.resource(row).decode()) for row in page.rows]
        return answer(bundle("searchset", call, page, entries))

    def _conditions(self, call: Call) -> Iterator[tuple[str, str]]:
        for name, column in self.filters.items():
            if (value := call.query.get(name)) is not None:
                text = value.rpartition("/")[2]
                yield column, _STATUSES.get(text, text) if name == "status" else text


def slot_view(inner: Stored) -> View:
    """`Slot`."""
    columns, filters = "r.id, r.status, r.content::text AS content", ("_id", "status")
    named = {name: f"r.{name.removeprefix('_')}" for name in filters}
    return View(inner, "Slot", "slots r", columns, named, _slot)


def appointment_view(inner: Stored) -> View:
    """`Appointment`."""
    columns = "r.id, r.slot, r.patient, s.content::text AS content"
    named = {name: f"r.{name.removeprefix('_')}" for name in ("_id", "patient", "slot")}
    source = "appointments r JOIN slots s ON s.id = r.slot"
    return View(inner, "Appointment", source, columns, named, _appointment)


def _slot(row: Any) -> bytes:
    content = orjson.loads(row["content"])
    return orjson.dumps(
        {
            "resourceType": "Slot",
            "id": row["id"],
            "schedule": {"display": content["practitioner"]},
            "status": "busy" if row["status"] == "booked" else row["status"],
            "start": content["start"],
            "end": content["end"],
        }
    )


def _appointment(row: Any) -> bytes:
    slot = orjson.loads(row["content"])
    return appointment_resource(row["id"], row["slot"], row["patient"], slot)


def appointment_resource(
    appointment_id: str, slot_id: str, patient: str, slot: dict[str, Any]
) -> bytes:
    """The FHIR Appointment of a booked `slot`, which is as it was offered."""
    actors = [{"reference": f"Patient/{patient}"}, {"display": slot["practitioner"]}]
    return orjson.dumps(
        {
            "resourceType": "Appointment",
            "id": appointment_id,
            "status": "booked",
            "slot": [{"reference": f"Slot/{slot_id}"}],
            "start": slot["start"],
            "end": slot["end"],
            "participant": [{"actor": actor, "status": "accepted"} for actor in actors],
        }
    )
