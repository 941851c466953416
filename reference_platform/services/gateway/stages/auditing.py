"""Notes every operation in the audit trail: who, what, whose, and how it ended."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from urllib.parse import urlencode

from reference_platform import tracing
from reference_platform.audit import NOWHERE, Event
from reference_platform.audit.buffer import Ship
from reference_platform.audit.event import Action, Kind, instant, new_id
from reference_platform.clock import Clock
from reference_platform.decisions.audit_complete import Recorder
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.gateway.capabilities import interaction
from reference_platform.services.gateway.exchange import Exchange, Proceed
from reference_platform.services.gateway.operations import Operation

_PATIENCE = 3.0  # seconds
_LONGEST = 500  # characters of a path or a query
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
MOST_PATIENTS = 100
"""Of how many patients one event tells; no page is longer."""
_ACTIONS: dict[str, Action] = {
    "GET": "R", "POST": "C", "PUT": "U", "PATCH": "U", "DELETE": "D",
}  # fmt: skip
_KINDS: dict[str, Kind] = {
    "createExport": "export", "readExport": "export", "erasePatient": "erasure",
}  # fmt: skip
_LOGINS = ("/token", "/revoke", "/introspect")
_LEFT, _FAILED, _TOO_LATE, _REFUSED = 499, 500, 504, 401
_OF_PATIENT = re.compile(r"/(patients|Patient)/\{id\}")
_REFERENCE = re.compile(
    rb'"(?:patient"\s*:\s*"|(?:reference|fullUrl)"\s*:\s*"(?:/v\d+/fhir/)?Patient/)'
    rb"([A-Za-z0-9\-.]{1,64})"
)
# Parameters whose values are ids, codes or dates. The values of others may be anybody's name.
_PLAIN = frozenset(
    ["patient", "subject", "slot", "agent", "_id", "date", "status", "code", "_count", "_cursor"]
)


def shipping(records: Downstream) -> Ship:
    """The way of events to the service that has the trail."""

    async def ship(events: bytes) -> None:
        deadline = Deadline(None).within(_PATIENCE)
        reply = await records.send("POST", "/internal/audit-events", deadline, {}, events)
        if reply.status != HTTPStatus.OK:
            raise Refusal(502, "records: did not take the audit events.")

    return ship


class Auditing:
    """Two stages: this one around all others, and `begin` as soon as it is known who asks."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """The reply, once it is on record; Refusal 503 when it cannot be."""
        operation = exchange.operation
        if operation.public and operation.method == "GET":
            return await proceed(exchange)
        event = self._event(exchange)
        exchange.event = event
        try:
            reply = await proceed(exchange)
        except BaseException as error:
            self._recorder.end(_known(event, exchange, _status(error)))
            raise
        self._recorder.end(_known(event, exchange, reply.status, reply))
        return reply

    async def begin(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Note what is about to change something; Refusal 503 when that cannot be noted."""
        if exchange.event is not None and exchange.event.action in "CUD":
            self._recorder.begin(_known(exchange.event, exchange))
        return await proceed(exchange)

    def _event(self, exchange: Exchange) -> Event:
        operation, request = exchange.operation, exchange.request
        kind, told, action = _described(operation)
        return Event(
            id=new_id(),
            recorded=instant(self._clock),
            tenant=NOWHERE,
            subject="",
            role="",
            operation=operation.id,
            action=action,
            kind=kind,
            interaction=told,
            path=request.scope["path"][:_LONGEST],
            query=_query(request.query_params.multi_items()),
            trace=tracing.trace_id(),
        )


@cache
def _described(operation: Operation) -> tuple[Kind, str, Action]:
    """What an operation is in the words of FHIR."""
    named = interaction(operation)
    searches = operation.method == "GET" and operation.query is not None
    told = named[1] if named else ("search-type" if searches else "operation")
    action: Action = "E" if told == "search-type" else _ACTIONS[operation.method]
    kind = "login" if operation.path.endswith(_LOGINS) else _KINDS.get(operation.id, "rest")
    return kind, told, action


def _known(event: Event, exchange: Exchange, status: int = 0, reply: Reply | None = None) -> Event:
    who = exchange.who
    refused = status == _REFUSED
    return replace(
        event,
        tenant=who.tenant or NOWHERE,
        subject=who.subject or who.role,
        role=who.role,
        purpose=who.purpose,
        patients=patients_of(exchange, reply),
        status=status,
        kind="login" if refused else event.kind,
        action="E" if refused else event.action,
    )


def patients_of(exchange: Exchange, reply: Reply | None) -> tuple[str, ...]:
    """Whom an exchange is about, from the first place that says so."""
    request, path = exchange.request, exchange.operation.path
    named = request.path_params.get("id") if _OF_PATIENT.search(path) else None
    named = named or request.query_params.get("patient", "").removeprefix("Patient/")
    if named:
        return (named,) if _ID.fullmatch(named) else ()
    if exchange.body and (found := _REFERENCE.search(exchange.body)):
        return (found[1].decode(),)
    return _answered(reply, path) if reply else ()


def _answered(reply: Reply, path: str) -> tuple[str, ...]:
    location = reply.headers.get("Location", "")
    if path.endswith("/Patient") and "/Patient/" in location:
        return (location.partition("/Patient/")[2].partition("/")[0],)
    found = dict.fromkeys(match[1].decode() for match in _REFERENCE.finditer(reply.body))
    return tuple(found)[:MOST_PATIENTS]


def _query(pairs: list[tuple[str, str]]) -> str:
    told = urlencode([(name, value if name in _PLAIN else "*") for name, value in pairs])
    return told[:_LONGEST]


def _status(error: BaseException) -> int:
    if isinstance(error, Refusal):
        return error.status
    if isinstance(error, TimeoutError):
        return _TOO_LATE
    return _LEFT if isinstance(error, asyncio.CancelledError) else _FAILED
