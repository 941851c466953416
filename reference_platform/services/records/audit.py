"""The audit trail: events come in from the gateways, auditors look for them, anybody verifies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any

import asyncpg
import orjson
import structlog
from starlette.responses import Response

from reference_platform.audit.chain import COLUMNS, Fault, Link, Verifier
from reference_platform.audit.checkpoints import Checkpoints
from reference_platform.audit.event import NOWHERE, Event, fhir, instant, read
from reference_platform.decisions.audit_tamper_evident import head
from reference_platform.decisions.bounded_queries import Page
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored
from reference_platform.services.searchset import bundle, match

_PAGE = 50
_AT_ONCE = 10_000
"""How many positions one request verifies."""
_SECONDS = 2.0
_SHOWN = f"position, hash, content, {', '.join(COLUMNS)}"
_OPERATORS = {"eq": "=", "ge": ">=", "le": "<=", "gt": ">", "lt": "<"}
_log = structlog.get_logger("reference_platform")


class AuditTrail:
    """The trail of all tenants."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner
        self._trail = inner.decisions.audit_tamper_evident
        self._checkpoints = Checkpoints(inner.settings.data_folder / "checkpoints")

    async def receive(self, call: Call) -> Response:
        """`POST /internal/audit-events`: an array of events, known ones too."""
        events = [read(orjson.dumps(each)) for each in call.json()]
        try:
            for tenant, told in groupby(sorted(events, key=_tenant), key=_tenant):
                async with self._inner.database.transaction(tenant, call.deadline) as connection:
                    await self._trail.append(connection, tenant, list(told))
        except asyncpg.PostgresError:
            # Not 500: the trail being down is no reason for a breaker to keep charts away.
            raise Refusal(503, "audit trail: cannot take events. Send them again.") from None
        return answer(orjson.dumps({"received": len(events)}))

    async def read(self, call: Call) -> Response:
        """`GET /v1/fhir/AuditEvent/{id}`."""
        async with self._inner.transaction(call) as connection:
            content = await connection.fetchval(
                "SELECT content FROM audit_events WHERE tenant = $1 AND id = $2",
                call.tenant, call.path["id"],
            )  # fmt: skip
        if content is None:
            raise Refusal(404, "AuditEvent: nothing has this id.")
        return answer(orjson.dumps(fhir(read(content))))

    async def search(self, call: Call) -> Response:
        """`GET /v1/fhir/AuditEvent?patient=&agent=&date=`, the newest first."""
        sql, values = _conditions(call)
        size = int(call.query.get("_count", _PAGE))
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(
                f"SELECT sequence, id, content FROM audit_events WHERE {sql} "  # noqa: S608
                f"ORDER BY sequence DESC LIMIT {size + 1}",
                *values,
            )
        shown = rows[:size]
        following = str(shown[-1]["sequence"]) if len(rows) > size else None
        entries = [
            match("AuditEvent", row["id"], orjson.dumps(fhir(read(row["content"]))).decode())
            for row in shown
        ]
        return answer(bundle("searchset", call, Page(shown, following), entries))

    async def verify(self, call: Call) -> Response:
        """`GET /v1/audit/verification?from=`: the caller's own trail, a part at a time."""
        if self._trail.checkpoint_seconds is None:
            return answer(orjson.dumps(_verdict("unprotected", 1, 0, complete=True)))
        first = int(call.query.get("from", "1"))
        signed = self._checkpoints.signed(call.tenant)
        async with self._inner.transaction(call) as connection:
            before = await _link(connection, call.tenant, first - 1)
            rows = await connection.fetch(
                f"SELECT {_SHOWN} FROM audit_events "  # noqa: S608 - names of columns
                "WHERE tenant = $1 AND position >= $2 ORDER BY position LIMIT $3",
                call.tenant, first, _AT_ONCE,
            )  # fmt: skip
        verifier = Verifier(signed, before)
        fault = await asyncio.to_thread(_walk, verifier, rows)
        told = _verdict(
            "broken" if fault else "intact",
            first,
            verifier.link.position,
            complete=fault is not None or len(rows) < _AT_ONCE,
            checkpoints=len(signed),
        )
        if fault is not None:
            told |= {"first_bad": fault.position, "reason": fault.reason}
        return answer(orjson.dumps(told))

    @asynccontextmanager
    async def signing(self) -> AsyncIterator[None]:
        """Keep checkpoints elsewhere, as often as was decided."""
        if self._trail.checkpoint_seconds is None:
            yield
            return
        task = asyncio.create_task(self._keep_signing(self._trail.checkpoint_seconds))
        try:
            yield
        finally:
            task.cancel()

    async def _keep_signing(self, seconds: float) -> None:
        signed: dict[str, Link] = {}
        while True:
            await asyncio.sleep(seconds)
            try:
                for tenant in (*self._inner.settings.tenants, NOWHERE):
                    await self._sign(tenant, signed)
            except Exception as error:  # noqa: BLE001 - the next round tries again
                _log.warning("checkpoint not kept", error=type(error).__name__)

    async def _sign(self, tenant: str, signed: dict[str, Link]) -> None:
        deadline = Deadline(None).within(_SECONDS)
        async with self._inner.database.transaction(tenant, deadline) as connection:
            link = await head(connection, tenant)
        if link.position and signed.get(tenant) != link:
            settings = self._inner.settings
            self._checkpoints.add(tenant, link, instant(settings.clock), settings.checkpoint_key)
            signed[tenant] = link


def _tenant(event: Event) -> str:
    return event.tenant


def _walk(verifier: Verifier, rows: list[Any]) -> Fault | None:
    for row in rows:
        if fault := verifier.take(row):
            return fault
    return verifier.end() if len(rows) < _AT_ONCE else None


def _verdict(
    status: str, first: int, through: int, *, complete: bool, checkpoints: int = 0
) -> dict[str, object]:
    return {
        "status": status,
        "first": first,
        "through": through,
        "complete": complete,
        "checkpoints": checkpoints,
    }


async def _link(connection: Any, tenant: str, position: int) -> Link:
    if position < 1:
        return Link()
    digest = await connection.fetchval(
        "SELECT hash FROM audit_events WHERE tenant = $1 AND position = $2", tenant, position
    )
    if digest is None:
        raise Refusal(400, "from: the trail has nothing before this position.")
    return Link(position, digest)


def _conditions(call: Call) -> tuple[str, list[object]]:
    """The WHERE clause of a search, and its values."""
    conditions = ["tenant = $1"]
    values: list[object] = [call.tenant]

    def add(condition: str, value: object) -> None:
        values.append(value)
        conditions.append(condition.format(f"${len(values)}"))

    if "_cursor" in call.query:
        add("sequence < {}", _number(call.query["_cursor"]))
    if patient := call.query.get("patient"):
        add(
            "(patient = {0} OR id IN (SELECT event FROM audit_patients WHERE patient = {0}))",
            patient.removeprefix("Patient/"),
        )
    if agent := call.query.get("agent"):
        add("subject = {}", agent)
    for day in call.query.getlist("date"):
        _add_day(add, day)
    return " AND ".join(conditions), values


def _add_day(add: Any, day: str) -> None:
    """A day of the calendar, or all before or after it. Instants sort as text."""
    operator, value = (day[:2], day[2:]) if day[:2].isalpha() else ("eq", day)
    end = f"{value}T99"
    if operator in ("eq", "ge"):
        add("recorded >= {}", value)
    if operator in ("eq", "le"):
        add("recorded < {}", end)
    if operator == "gt":
        add("recorded > {}", end)
    if operator == "lt":
        add("recorded < {}", value)


def _number(cursor: str) -> int:
    if not cursor.isdecimal() or len(cursor) > 18:  # noqa: PLR2004 - of a bigint
        raise Refusal(400, "_cursor: not one that a next link has named.")
    return int(cursor)
