"""Handlers of /proxies and /reset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeblue.proxy.addresses import AddressError
from codeblue.proxy.api import json_reading as reading
from codeblue.proxy.api.bounds import MOST_PROXIES, require_room, require_short
from codeblue.proxy.api.call import Call
from codeblue.proxy.api.json_writing import dumps, proxy_value
from codeblue.proxy.api.leases import read_lease
from codeblue.proxy.api.replies import ApiError, Reply, json_reply
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.registry import Registry, differs


@dataclass(frozen=True)
class Wanted:
    """A proxy as a request describes it."""

    name: str
    listen: str
    upstream: str
    enabled: bool


def find(call: Call, name: str) -> Proxy:
    """The proxy of that name; 404 when there is none."""
    try:
        return call.registry.proxies[name]
    except KeyError:
        raise ApiError(404, "proxy not found") from None


async def index(call: Call) -> Reply:
    """GET /proxies."""
    proxies = call.registry.proxies
    return json_reply(200, dumps({name: proxy_value(proxies[name]) for name in sorted(proxies)}))


async def show(call: Call, proxy: str) -> Reply:
    """GET /proxies/{proxy}."""
    return json_reply(200, dumps(proxy_value(find(call, proxy))))


async def create(call: Call) -> Reply:
    """POST /proxies; `lease` names the owner with whose lease the proxy goes."""
    source = reading.read_object(reading.first_value(call.body), "toxiproxy.Proxy")
    wanted = read_proxy(source)
    for field in ("name", "upstream"):
        if not getattr(wanted, field):
            raise ApiError(400, f"missing required field: {field}")
    _refuse_duplicate(call.registry, wanted.name)
    lease = read_lease(call, source)
    proxy = new(call.registry, wanted)
    if wanted.enabled:
        await start(proxy)
        if wanted.name in call.registry.proxies:  # by another request during a name look-up
            proxy.retire()
    _refuse_duplicate(call.registry, wanted.name)
    proxy.lease = lease if lease is None or lease in call.registry.leases else None
    call.registry.register(proxy)
    return json_reply(201, dumps(proxy_value(proxy)))


async def update(call: Call, proxy: str) -> Reply:
    """POST or PATCH /proxies/{proxy}; `lease` with `enabled: false` lets the proxy heal itself."""
    found = find(call, proxy)
    source = reading.read_object(reading.first_value(call.body), "toxiproxy.Proxy")
    wanted = read_proxy(source, Wanted(found.name, found.listen, found.upstream, found.enabled))
    lease = read_lease(call, source)
    await _move(found, wanted)
    if wanted.enabled:
        await start(found)
    else:
        _disable(found, lease, explicit=source.get("enabled") is not None)
    return json_reply(200, dumps(proxy_value(found)))


async def delete(call: Call, proxy: str) -> Reply:
    """DELETE /proxies/{proxy}."""
    call.registry.delete(find(call, proxy))
    return Reply(204)


async def reset(call: Call) -> Reply:
    """POST /reset."""
    try:
        await call.registry.reset()
    except AddressError as error:
        raise ApiError(500, str(error)) from error
    return Reply(204)


def read_proxy(source: dict[str, Any], current: Wanted | None = None) -> Wanted:
    """The proxy that `source` describes; what it leaves out stays as in `current`."""
    current = current or Wanted("", "", "", enabled=True)
    name = reading.field(source, "name", reading.read_string, "Proxy.name", current.name)
    listen = reading.field(source, "listen", reading.read_string, "Proxy.listen", current.listen)
    upstream = reading.field(
        source, "upstream", reading.read_string, "Proxy.upstream", current.upstream
    )
    enabled = reading.field(source, "enabled", reading.read_bool, "Proxy.enabled", current.enabled)
    require_short(name=name, listen=listen, upstream=upstream)
    return Wanted(name, listen, upstream, enabled)


def new(registry: Registry, wanted: Wanted) -> Proxy:
    """A proxy that is neither listening nor registered; 400 when there are too many."""
    require_room(len(registry.proxies), MOST_PROXIES, "proxies")
    return registry.new(wanted.name, wanted.listen, wanted.upstream)


async def start(proxy: Proxy) -> None:
    """Let a proxy listen; 500 when it cannot."""
    try:
        await proxy.start()
    except AddressError as error:
        raise ApiError(500, str(error)) from error


async def moves(proxy: Proxy, wanted: Wanted) -> bool:
    """Whether a proxy would have to listen or call elsewhere; 500 when `listen` is no address."""
    try:
        return await differs(proxy, wanted.listen, wanted.upstream)
    except AddressError as error:
        raise ApiError(500, str(error)) from error


async def _move(proxy: Proxy, wanted: Wanted) -> None:
    if await moves(proxy, wanted):
        proxy.stop()
        proxy.listen, proxy.upstream = wanted.listen, wanted.upstream


def _disable(proxy: Proxy, lease: str | None, *, explicit: bool) -> None:
    if lease is not None and (proxy.enabled or proxy.holders):
        proxy.holders.add(lease)
    elif lease is None and explicit:
        proxy.holders.clear()
    proxy.stop()


def _refuse_duplicate(registry: Registry, name: str) -> None:
    if name in registry.proxies:
        raise ApiError(409, "proxy already exists")
