"""Handlers of /proxies/{proxy}/toxics."""

from __future__ import annotations

import logging
from typing import Any

from codeblue.errors import did_you_mean
from codeblue.proxy.api import json_reading as reading
from codeblue.proxy.api.bounds import MOST_TOXICS, require_room, require_short
from codeblue.proxy.api.call import Call
from codeblue.proxy.api.json_writing import dumps, toxic_value, toxics_value
from codeblue.proxy.api.leases import read_lease
from codeblue.proxy.api.proxies import find as find_proxy
from codeblue.proxy.api.replies import ApiError, Reply, json_reply
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.toxic import Toxic
from codeblue.proxy.toxics import STAGES, Stage

TOXIPROXY_TYPES = frozenset(
    {
        *("bandwidth", "latency", "limit_data", "noop"),
        *("reset_peer", "slicer", "slow_close", "timeout"),
    }
)
"""The toxics of a real Toxiproxy v2.12.0; it refuses every other type."""

LOG = logging.getLogger("codeblue.proxy")


async def index(call: Call, proxy: str) -> Reply:
    """GET /proxies/{proxy}/toxics."""
    return json_reply(200, dumps(toxics_value(find_proxy(call, proxy).toxics)))


async def show(call: Call, proxy: str, toxic: str) -> Reply:
    """GET /proxies/{proxy}/toxics/{toxic}."""
    return json_reply(200, dumps(toxic_value(_find(find_proxy(call, proxy), toxic))))


async def create(call: Call, proxy: str) -> Reply:
    """POST /proxies/{proxy}/toxics; `attributes.lease` names the owner that keeps it alive."""
    found = find_proxy(call, proxy)
    source = reading.read_object(reading.first_value(call.body), "toxics.ToxicWrapper")
    toxic = _read(call, source)
    if found.find(toxic.name) is not None:
        raise ApiError(409, "toxic already exists")
    require_short(name=toxic.name)
    require_room(len(found.toxics), MOST_TOXICS, "toxics")
    given = reading.read_object(source.get("attributes"), "toxics.Toxic")
    toxic.lease = read_lease(call, given)
    toxic.attributes = _values(toxic, given)
    _check(call, toxic, toxic.attributes, toxic.toxicity, given)
    found.add(toxic)
    return json_reply(200, dumps(toxic_value(toxic)))


async def update(call: Call, proxy: str, toxic: str) -> Reply:
    """POST or PATCH /proxies/{proxy}/toxics/{toxic}: attributes and toxicity, all or nothing."""
    found = find_proxy(call, proxy)
    known = _find(found, toxic)
    source = reading.read_object(reading.first_value(call.body), "toxics.ToxicWrapper")
    given = reading.read_object(source.get("attributes"), "toxics.Toxic")
    lease = read_lease(call, given)
    try:
        values = _values(known, given)
        toxicity = _toxicity(source, known.toxicity)
    except reading.BadJsonError:
        if call.strict:
            _keep_what_was_right(found, known, given)
        raise
    _check(call, known, values, toxicity, given)
    known.attributes.update(values)  # in place: the stages on live connections read this dict
    known.toxicity = toxicity
    known.lease = lease or known.lease
    found.change(known)
    return json_reply(200, dumps(toxic_value(known)))


async def delete(call: Call, proxy: str, toxic: str) -> Reply:
    """DELETE /proxies/{proxy}/toxics/{toxic}."""
    found = find_proxy(call, proxy)
    found.remove(_find(found, toxic))
    return Reply(204)


def _find(proxy: Proxy, name: str) -> Toxic:
    toxic = proxy.find(name)
    if toxic is None:
        raise ApiError(404, "toxic not found")
    return toxic


def _read(call: Call, source: dict[str, Any]) -> Toxic:
    name = reading.field(source, "name", reading.read_string, "ToxicWrapper.name", "")
    kind = reading.field(source, "type", reading.read_string, "ToxicWrapper.type", "")
    stream = _stream(source)
    toxicity = _toxicity(source, 1.0)
    stage = _stage(call, kind)
    stream = stream or stage.stream or "downstream"
    if stream.lower() != (stage.stream or stream.lower()):
        raise ApiError(400, f"stream was invalid, {kind} works on {stage.stream} only")
    return Toxic(name or f"{kind}_{stream}", stage, stream, toxicity, dict.fromkeys(stage.units, 0))


def _stream(source: dict[str, Any]) -> str | None:
    """The stream as it was written, None when it was not."""
    if source.get("stream") is None:
        return None
    stream = reading.read_string(source["stream"], "ToxicWrapper.stream")
    if stream.lower() not in {"upstream", "downstream"}:
        raise ApiError(400, "stream was invalid, can be either upstream or downstream")
    return stream


def _stage(call: Call, kind: str) -> type[Stage]:
    if kind not in STAGES or (call.strict and kind not in TOXIPROXY_TYPES):
        raise ApiError(400, "invalid toxic type")
    return STAGES[kind]


def _toxicity(source: dict[str, Any], default: float) -> float:
    path = "ToxicWrapper.toxicity"
    return reading.field(source, "toxicity", reading.read_float32, path, default)


def _values(toxic: Toxic, given: dict[str, Any]) -> dict[str, int]:
    """The attributes of `toxic` with those that were given; the first wrong one is raised."""
    return {name: _value(name, given, value) for name, value in toxic.attributes.items()}


def _value(name: str, given: dict[str, Any], default: int) -> int:
    return reading.field(given, name, reading.read_int64, f".attributes.{name}", default)


def _keep_what_was_right(proxy: Proxy, toxic: Toxic, given: dict[str, Any]) -> None:
    """Take over the attributes that have the right type, as Toxiproxy does before it refuses."""
    for name, value in toxic.attributes.items():
        try:
            toxic.attributes[name] = _value(name, given, value)
        except reading.BadJsonError:
            continue
    proxy.change(toxic)


def _check(
    call: Call, toxic: Toxic, values: dict[str, int], toxicity: float, given: dict[str, Any]
) -> None:
    """400 for what makes no sense, when the client asked for that; else it is only logged."""
    unknown = sorted(set(given) - set(values) - {"lease"})
    wrong = toxic.kind.check(values)
    if unknown:
        wrong = f"{unknown[0]}: no such attribute. {did_you_mean(unknown[0], values)}"
    if not 0 <= toxicity <= 1:
        wrong = f"toxicity = {toxicity:g}: must be 0 to 1, the share of the connections"
    if wrong is None:
        return
    if call.checked:
        raise ApiError(400, f"toxic {toxic.name}: {wrong}")
    LOG.warning("toxic %s: %s; accepted, as Toxiproxy does", toxic.name, wrong)
