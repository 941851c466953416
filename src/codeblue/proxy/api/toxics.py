"""Handlers of /proxies/{proxy}/toxics."""

from __future__ import annotations

import logging
from typing import Any

from codeblue.proxy.api import json_reading as reading
from codeblue.proxy.api.json_writing import dumps, toxic_value, toxics_value
from codeblue.proxy.api.leases import read_lease
from codeblue.proxy.api.proxies import find as find_proxy
from codeblue.proxy.api.replies import ApiError, Reply, json_reply
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.registry import Registry
from codeblue.proxy.toxic import Toxic
from codeblue.proxy.toxics import STAGES

LOG = logging.getLogger("codeblue.proxy")


async def index(registry: Registry, _body: bytes, proxy: str) -> Reply:
    """GET /proxies/{proxy}/toxics."""
    return json_reply(200, dumps(toxics_value(find_proxy(registry, proxy).toxics)))


async def show(registry: Registry, _body: bytes, proxy: str, toxic: str) -> Reply:
    """GET /proxies/{proxy}/toxics/{toxic}."""
    return json_reply(200, dumps(toxic_value(_find(find_proxy(registry, proxy), toxic))))


async def create(registry: Registry, body: bytes, proxy: str) -> Reply:
    """POST /proxies/{proxy}/toxics; `attributes.lease` names the owner that keeps it alive."""
    found = find_proxy(registry, proxy)
    source = reading.read_object(reading.first_value(body), "toxiproxy.Toxic")
    toxic = _read(source)
    if found.find(toxic.name) is not None:
        raise ApiError(409, "toxic already exists")
    given = reading.read_object(source.get("attributes"), "toxics.Toxic")
    toxic.lease = read_lease(registry.leases, given)
    _set(toxic, given)
    found.add(toxic)
    return json_reply(200, dumps(toxic_value(toxic)))


async def update(registry: Registry, body: bytes, proxy: str, toxic: str) -> Reply:
    """POST or PATCH /proxies/{proxy}/toxics/{toxic}: attributes and toxicity only."""
    found = find_proxy(registry, proxy)
    known = _find(found, toxic)
    source = reading.read_object(reading.first_value(body), "toxiproxy.Toxic")
    given = reading.read_object(source.get("attributes"), "toxics.Toxic")
    lease = read_lease(registry.leases, given)
    try:
        _set(known, given)
        known.toxicity = reading.field(
            source, "toxicity", reading.read_float32, ".toxicity", known.toxicity
        )
        known.lease = lease or known.lease
    finally:  # as in Toxiproxy, what was right in a wrong request is kept
        found.change(known)
    return json_reply(200, dumps(toxic_value(known)))


async def delete(registry: Registry, _body: bytes, proxy: str, toxic: str) -> Reply:
    """DELETE /proxies/{proxy}/toxics/{toxic}."""
    found = find_proxy(registry, proxy)
    found.remove(_find(found, toxic))
    return Reply(204)


def _find(proxy: Proxy, name: str) -> Toxic:
    toxic = proxy.find(name)
    if toxic is None:
        raise ApiError(404, "toxic not found")
    return toxic


def _read(source: dict[str, Any]) -> Toxic:
    name = reading.field(source, "name", reading.read_string, ".name", "")
    kind = reading.field(source, "type", reading.read_string, ".type", "")
    stream = reading.field(source, "stream", reading.read_string, ".stream", "downstream")
    toxicity = reading.field(source, "toxicity", reading.read_float32, ".toxicity", 1.0)
    if stream.lower() not in {"upstream", "downstream"}:
        raise ApiError(400, "stream was invalid, can be either upstream or downstream")
    stage = STAGES.get(kind)
    if stage is None:
        raise ApiError(400, "invalid toxic type")
    attributes = dict.fromkeys(stage.units, 0)
    return Toxic(name or f"{kind}_{stream}", stage, stream, toxicity, attributes)


def _set(toxic: Toxic, given: dict[str, Any]) -> None:
    """Set the attributes that have the right type; the first wrong one is raised at the end."""
    wrong: reading.BadJsonError | None = None
    for name, value in toxic.attributes.items():
        path = f".attributes.{name}"
        try:
            toxic.attributes[name] = reading.field(given, name, reading.read_int64, path, value)
        except reading.BadJsonError as error:
            wrong = wrong or error
    if wrong is not None:
        raise wrong
    for name, value in toxic.attributes.items():
        if value < 0:
            LOG.warning(
                "toxic %s: %s = %d works as the nearest sane value", toxic.name, name, value
            )
