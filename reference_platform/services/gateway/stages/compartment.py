"""Shows a patient's data to those who may see it: the compartment, narrow scopes and consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from reference_platform.compartment import OPEN, patient_of
from reference_platform.decisions.object_scopes import EMERGENCY, Access, ObjectScopes
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.gateway.alerts import Alerts
from reference_platform.services.gateway.consents import Consents
from reference_platform.services.gateway.exchange import Exchange, Proceed
from reference_platform.services.gateway.stages.authorization import BREAK_GLASS
from reference_platform.services.gateway.visibility import members, seen

_READ = frozenset("rs")
_WRITTEN = {"POST": "c", "PUT": "u", "DELETE": "d"}
_FHIR = "/fhir/"
_ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_NOBODY = "."  # an id that no patient has


@dataclass(frozen=True, slots=True)
class Compartment:
    """Looks at the request before, and at the reply after, the work is done."""

    scopes: ObjectScopes
    consents: Consents
    alerts: Alerts
    records: Downstream

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """The reply without what is not for the caller; Refusal 403 or 404."""
        operation = exchange.operation
        if operation.public:
            return await proceed(exchange)
        access = self.scopes.access(exchange.who, operation.needs, operation.roles)
        self._look_at_body(exchange, access)
        if access.limited:
            await self._confine(exchange, access)
        asked = self._asks_patients(exchange)
        if asked:
            await self._require_consent(exchange)
        reply = await proceed(exchange)
        if operation.resource == "Consent" and operation.method != "GET":
            self.consents.forget()
        return await self._shown(exchange, reply, access, asked=asked)

    def _look_at_body(self, exchange: Exchange, access: Access) -> None:
        """Nobody writes the server's fields, nor into somebody else's chart."""
        if exchange.body is None or not (self.scopes.reserved or access.limited):
            return
        body = orjson.loads(exchange.body)
        if self.scopes.reserved & body.keys():
            body = {key: body[key] for key in body if key not in self.scopes.reserved}
            exchange.body = orjson.dumps(body)
        if body.get("resourceType") == "Bundle":
            self._look_at_entries(exchange, body)
        elif access.limited and not _is_silent(exchange, body) and not access.covers(body):
            raise Refusal(404, "Patient: no patient has this id.")

    def _look_at_entries(self, exchange: Exchange, bundle: Mapping[str, Any]) -> None:
        """What a transaction does is granted entry by entry."""
        for entry in bundle.get("entry", []):
            resource = entry.get("resource", {})
            interaction = _WRITTEN.get(entry.get("request", {}).get("method"), "c")
            need = (str(resource.get("resourceType")), interaction)
            if not self.scopes.access(exchange.who, (need,), ()).covers(resource):
                raise Refusal(404, "Patient: no patient has this id.")

    async def _confine(self, exchange: Exchange, access: Access) -> None:
        """To what the caller may see, as far as the request itself tells."""
        operation, item = exchange.operation, exchange.request.path_params.get("id")
        exchange.headers.pop("If-None-Match", None)  # a 304 tells that something is there
        if _in_chart(exchange):
            _require_whole(access, str(item))
        elif item is not None and operation.method != "GET":
            await self._require_own(exchange, access)
        elif item is None and access.patient is not None and operation.interaction == "s":
            exchange.query = _narrowed(exchange, access.patient)

    async def _require_own(self, exchange: Exchange, access: Access) -> None:
        """What is stored there now is to be the caller's too; Refusal 404."""
        path = exchange.request.scope["path"]
        headers = exchange.who.header()
        reply = await self.records.send("GET", path, exchange.deadline, headers)
        if reply.status != HTTPStatus.OK or not access.covers(orjson.loads(reply.body)):
            raise _nothing()

    def _asks_patients(self, exchange: Exchange) -> bool:
        """Whether consent matters: somebody reads about others."""
        operation = exchange.operation
        reads = operation.method == "GET" or operation.interaction in _READ
        return self.scopes.consents and reads and exchange.who.role != "patient"

    async def _require_consent(self, exchange: Exchange) -> None:
        """When the request names the patient; else the reply tells. Refusal 403."""
        if exchange.who.purpose == EMERGENCY:
            target = exchange.request.scope["path"].lstrip("/")
            reason = exchange.request.headers[BREAK_GLASS].strip()
            await self.alerts.glass_broken(exchange.who, target, reason, exchange.deadline)
        elif (patient := _named(exchange)) is not None:
            kinds = {kind for kind, _ in exchange.operation.needs} or {"*"}
            if await self.consents.denied(exchange.who, {patient}, kinds, exchange.deadline):
                raise _refused()

    async def _shown(
        self, exchange: Exchange, reply: Reply, access: Access, *, asked: bool
    ) -> Reply:
        if access.limited and reply.status in _ABSENT:
            raise _nothing()
        looked_up = asked and exchange.who.purpose != EMERGENCY and _named(exchange) is None
        if reply.status != HTTPStatus.OK or _in_chart(exchange):
            return reply
        if not (access.limited or looked_up) or exchange.operation.resource in OPEN:
            return reply
        return await self._reduced(exchange, reply, access, looked_up=looked_up)

    async def _reduced(
        self, exchange: Exchange, reply: Reply, access: Access, *, looked_up: bool
    ) -> Reply:
        document = orjson.loads(reply.body)
        if exchange.operation.method != "GET" and "resourceType" not in document:
            return reply  # about whom it is was in the body that was looked at
        if access.limited and _is_mute(document):
            raise _nothing()
        denied = await self._denied(exchange, document) if looked_up else set()

        def visible(resource: Mapping[str, Any]) -> bool:
            if access.limited and not access.covers(resource):
                return False
            return (patient_of(resource), _kind(resource, exchange)) not in denied

        left = seen(document, visible)
        if left is None:
            own = any(access.covers(resource) for resource in members(document))
            raise _refused() if own else _nothing()
        return reply if left is document else replace(reply, body=orjson.dumps(left))

    async def _denied(
        self, exchange: Exchange, document: dict[str, Any]
    ) -> set[tuple[str | None, str]]:
        resources = list(members(document))
        patients = {about for each in resources if (about := patient_of(each))}
        kinds = {_kind(each, exchange) for each in resources}
        return {*await self.consents.denied(exchange.who, patients, kinds, exchange.deadline)}


def _kind(resource: Mapping[str, Any], exchange: Exchange) -> str:
    return str(resource.get("resourceType", exchange.operation.resource or "*"))


def _in_chart(exchange: Exchange) -> bool:
    """Whether the path says which patient it is about."""
    return "/patients/{id}" in exchange.operation.path


def _is_mute(document: dict[str, Any]) -> bool:
    """A history of deletions alone does not say whom it is about."""
    return document.get("type") == "history" and not any(members(document))


def _is_silent(exchange: Exchange, body: Mapping[str, Any]) -> bool:
    """Whether the body leaves it to the path which patient it is about."""
    return _in_chart(exchange) and patient_of(body) is None


def _require_whole(access: Access, patient: str) -> None:
    """An answer that cannot be filtered needs an allowance without a parameter; Refusal 404."""
    whole = {each.patient for each in access.allowances if not each.parameter}
    if not whole & {None, patient}:
        raise _nothing()


def _named(exchange: Exchange) -> str | None:
    """The patient whom the request names, outside of FHIR searches, which leave out instead."""
    if _in_chart(exchange):
        return str(exchange.request.path_params["id"])
    if _FHIR in exchange.operation.path and exchange.operation.resource != "Provenance":
        return None  # a Provenance says only what it is about, not whom
    if exchange.operation.method != "GET":
        return patient_of(orjson.loads(exchange.body or b"{}"))
    return dict(parse_qsl(exchange.query)).get("patient")


def _narrowed(exchange: Exchange, patient: str) -> str:
    """The query for this patient only; for nobody when it was about somebody else."""
    pairs = parse_qsl(exchange.query, keep_blank_values=True)
    if exchange.operation.resource == "Slot":
        return exchange.query
    name = "_id" if exchange.operation.resource == "Patient" else "patient"
    asked = {value.removeprefix("Patient/") for key, value in pairs if key == name}
    kept = [(key, value) for key, value in pairs if key != name]
    return urlencode([*kept, (name, patient if asked <= {patient} and patient else _NOBODY)])


def _nothing() -> Refusal:
    """The same for what is not there and for what is not the caller's."""
    return Refusal(404, "id: nothing has this id.")


def _refused() -> Refusal:
    sentence = f"Consent: the patient has refused this. In an emergency send {BREAK_GLASS}."
    return Refusal(403, sentence, headers={"WWW-Authenticate": 'Bearer realm="platform"'})
