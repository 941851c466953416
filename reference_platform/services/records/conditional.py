"""Conditional create (https://hl7.org/fhir/R4/http.html#ccreate): only what is not there yet."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from reference_platform.database.connection import Connection
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call

_FOUND = """
    SELECT r.id, r.version, r.updated, r.content::text AS content
    FROM resources r
    WHERE r.type = $2 AND r.id IN (
        SELECT i.id FROM identifiers i WHERE i.value = $1 AND i.type = $2 AND i.tenant = $3
    ) LIMIT 2
"""


async def existing(connection: Connection, call: Call, kind: str) -> Any:
    """The row that If-None-Exist finds, None without one; Refusal 400, or 412 for several.

    Two that come at once take turns until their transactions end, so the second finds what the
    first has made.
    """
    header = call.headers.get("If-None-Exist")
    if header is None:
        return None
    token = _identifier(header)
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
        f"If-None-Exist {call.tenant} {kind} {token}",
    )
    rows = await connection.fetch(_FOUND, token, kind, call.tenant)
    if len(rows) > 1:
        raise Refusal(412, "If-None-Exist: several resources match. Name one identifier of one.")
    return rows[0] if rows else None


def _identifier(header: str) -> str:
    """The one identifier of the header, without which no lock would be narrow enough."""
    pairs = parse_qsl(header.removeprefix("?"), keep_blank_values=True)
    if len(pairs) != 1 or pairs[0][0] != "identifier" or not pairs[0][1]:
        raise Refusal(400, "If-None-Exist: write identifier=system|value, and nothing else.")
    return pairs[0][1]
