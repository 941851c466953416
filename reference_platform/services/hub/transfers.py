"""Transfers: a patient's record goes to the FHIR partner, once."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.inner import Stored

_SYSTEM = "urn:ietf:rfc:3986"
_TAKEN = (200, 201)
_LONGEST = 1024 * 1024
# A place at the partner, and nothing that a browser or a terminal would act on.
_LOCATION = re.compile(r"/fhir/Patient/[A-Za-z0-9\-.]{1,64}")


class Transfers:
    """Sends Patient resources.

    A transfer is recorded with the key of its request before it is sent, and the partner creates
    it on the condition that it has none of this transfer (https://hl7.org/fhir/R4/http.html#ccreate).
    """

    def __init__(self, inner: Stored, partner: Downstream) -> None:
        self._inner = inner
        self._partner = partner

    async def send(self, call: Call) -> Response:
        """`POST /v1/transfers`."""
        recorded = await self._inner.create_once(call, self._record)
        transfer = str(orjson.loads(bytes(recorded.body))["id"])
        location, patient = await self._read(call, transfer)
        if location is None:
            location = await self._ask(call, transfer, patient)
            await self._note(call, transfer, location)
        return answer(orjson.dumps({"id": transfer, "location": location}), 201)

    @staticmethod
    async def _record(connection: Connection, call: Call) -> bytes:
        patient = str(call.json().get("patient"))
        await require_patient(connection, patient)
        transfer = new_id()
        await connection.execute(
            "INSERT INTO transfers (tenant, id, patient) VALUES ($1, $2, $3)",
            call.tenant, transfer, patient,
        )  # fmt: skip
        return orjson.dumps({"id": transfer})

    async def _read(self, call: Call, transfer: str) -> tuple[str | None, dict[str, Any]]:
        async with self._inner.transaction(call) as connection:
            row = await connection.fetchrow(
                "SELECT transfers.location, resources.content::text FROM transfers "
                "JOIN resources ON resources.id = transfers.patient "
                "AND resources.type = 'Patient' WHERE transfers.id = $1",
                transfer,
            )
        if row is None:
            raise Refusal(404, "Patient: no patient has this id.")
        return row[0], orjson.loads(row[1])

    async def _ask(self, call: Call, transfer: str, patient: dict[str, Any]) -> str:
        ours = {"system": _SYSTEM, "value": f"urn:uuid:{transfer}"}
        known = patient.get("identifier")
        sent = patient | {"identifier": [*(known if isinstance(known, list) else []), ours]}
        condition = f"identifier={quote(f'{_SYSTEM}|urn:uuid:{transfer}')}"
        reply = await self._partner.send(
            "POST",
            "/fhir/Patient",
            call.deadline,
            {"Content-Type": "application/fhir+json", "If-None-Exist": condition},
            orjson.dumps(sent),
            repeatable=True,
        )
        return _place(reply, ours)

    async def _note(self, call: Call, transfer: str, location: str) -> None:
        async with self._inner.transaction(call) as connection:
            await connection.execute(
                "UPDATE transfers SET location = $2 WHERE id = $1", transfer, location
            )


def _place(reply: Reply, ours: dict[str, str]) -> str:
    """Where the partner keeps what was sent; Refusal 502 when that is not what it says."""
    if reply.status not in _TAKEN:
        raise Refusal(502, "fhir_partner: refused the transfer.")
    location = reply.headers.get("Location", "")
    if not _LOCATION.fullmatch(location):
        raise Refusal(502, "fhir_partner: its answer names no place.")
    if not _about(reply.body, ours):
        raise Refusal(502, "fhir_partner: its answer is about something else.")
    return location


def _about(body: bytes, ours: dict[str, str]) -> bool:
    """Whether an answer with a resource (it may have none) shows the one that was sent."""
    if not body:
        return True
    try:
        told = orjson.loads(body) if len(body) <= _LONGEST else None
    except orjson.JSONDecodeError:
        return False
    if not isinstance(told, dict) or told.get("resourceType") != "Patient":
        return False
    identifiers = told.get("identifier")
    return isinstance(identifiers, list) and ours in identifiers
