"""Handlers of /proxies, /reset and /populate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from codeblue.proxy.addresses import AddressError
from codeblue.proxy.api import json_reading as reading
from codeblue.proxy.api.json_reading import BadJsonError
from codeblue.proxy.api.json_writing import dumps, proxy_value
from codeblue.proxy.api.leases import read_lease
from codeblue.proxy.api.replies import ApiError, Reply, json_reply
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.registry import Registry, differs

POPULATE_TYPE = '[]struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }'


@dataclass(frozen=True)
class Wanted:
    """A proxy as a request describes it."""

    name: str
    listen: str
    upstream: str
    enabled: bool


def find(registry: Registry, name: str) -> Proxy:
    """The proxy of that name; 404 when there is none."""
    try:
        return registry.proxies[name]
    except KeyError:
        raise ApiError(404, "proxy not found") from None


async def index(registry: Registry, _body: bytes) -> Reply:
    """GET /proxies."""
    proxies = {name: proxy_value(registry.proxies[name]) for name in sorted(registry.proxies)}
    return json_reply(200, dumps(proxies))


async def show(registry: Registry, _body: bytes, proxy: str) -> Reply:
    """GET /proxies/{proxy}."""
    return json_reply(200, dumps(proxy_value(find(registry, proxy))))


async def counters(registry: Registry, _body: bytes, proxy: str) -> Reply:
    """GET /proxies/{proxy}/counters: what passed so far, live connections included."""
    found = find(registry, proxy)
    return json_reply(200, dumps(asdict(found.counters) | {"active": len(found.connections)}))


async def create(registry: Registry, body: bytes) -> Reply:
    """POST /proxies."""
    wanted = _read(reading.read_object(reading.first_value(body), "toxiproxy.Proxy"))
    for field in ("name", "upstream"):
        if not getattr(wanted, field):
            raise ApiError(400, f"missing required field: {field}")
    _refuse_duplicate(registry, wanted.name)
    proxy = registry.new(wanted.name, wanted.listen, wanted.upstream)
    if wanted.enabled:
        await _start(proxy)
        if wanted.name in registry.proxies:  # created by another request during a name look-up
            proxy.retire()
    _refuse_duplicate(registry, wanted.name)
    registry.register(proxy)
    return json_reply(201, dumps(proxy_value(proxy)))


async def update(registry: Registry, body: bytes, proxy: str) -> Reply:
    """POST or PATCH /proxies/{proxy}; `lease` with `enabled: false` lets the proxy heal itself."""
    found = find(registry, proxy)
    source = reading.read_object(reading.first_value(body), "toxiproxy.Proxy")
    current = Wanted(found.name, found.listen, found.upstream, found.enabled)
    wanted = _read(source, current)
    lease = read_lease(registry.leases, source)
    await _move(found, wanted)
    if wanted.enabled:
        await _start(found)
    else:
        _disable(found, lease, explicit=source.get("enabled") is not None)
    return json_reply(200, dumps(proxy_value(found)))


async def delete(registry: Registry, _body: bytes, proxy: str) -> Reply:
    """DELETE /proxies/{proxy}."""
    registry.delete(find(registry, proxy))
    return Reply(204)


async def reset(registry: Registry, _body: bytes) -> Reply:
    """POST /reset."""
    try:
        await registry.reset()
    except AddressError as error:
        raise ApiError(500, str(error)) from error
    return Reply(204)


async def populate(registry: Registry, body: bytes) -> Reply:
    """POST /populate."""
    done: list[Proxy] = []
    try:
        for wanted in _read_many(body):
            done.append(await _create_or_replace(registry, wanted))  # noqa: PERF401 - kept on error
    except (ApiError, BadJsonError) as error:
        status = error.status if isinstance(error, ApiError) else 400
        text = str(error) if isinstance(error, ApiError) else f"bad request body: {error}"
        return _populated(status, done, {"error": text, "status": status})
    return _populated(201, done, {})


def _read(source: dict[str, Any], current: Wanted | None = None) -> Wanted:
    current = current or Wanted("", "", "", enabled=True)
    return Wanted(
        reading.field(source, "name", reading.read_string, "Proxy.name", current.name),
        reading.field(source, "listen", reading.read_string, "Proxy.listen", current.listen),
        reading.field(source, "upstream", reading.read_string, "Proxy.upstream", current.upstream),
        reading.field(source, "enabled", reading.read_bool, ".enabled", current.enabled),
    )


def _read_many(body: bytes) -> list[Wanted]:
    value = reading.first_value(body)
    if value is not None and not isinstance(value, list):
        kind = reading.kind_of(value)
        raise BadJsonError(f"json: cannot unmarshal {kind} into Go value of type {POPULATE_TYPE}")
    wanted = [_read(reading.read_object(item, "toxiproxy.Proxy")) for item in value or []]
    for number, proxy in enumerate(wanted, start=1):
        for field in ("name", "upstream"):
            if not getattr(proxy, field):
                raise ApiError(400, f"missing required field: {field} at proxy {number}")
    return wanted


async def _create_or_replace(registry: Registry, wanted: Wanted) -> Proxy:
    existing = registry.proxies.get(wanted.name)
    if existing is not None:
        if not await _differs(existing, wanted):
            return existing
        existing.stop()
    proxy = registry.new(wanted.name, wanted.listen, wanted.upstream)
    if wanted.enabled:
        await _start(proxy)
    registry.register(proxy)
    return proxy


async def _move(proxy: Proxy, wanted: Wanted) -> None:
    if await _differs(proxy, wanted):
        proxy.stop()
        proxy.listen, proxy.upstream = wanted.listen, wanted.upstream


def _disable(proxy: Proxy, lease: str | None, *, explicit: bool) -> None:
    if lease is not None and (proxy.enabled or proxy.holders):
        proxy.holders.add(lease)
    elif lease is None and explicit:
        proxy.holders.clear()
    proxy.stop()


async def _start(proxy: Proxy) -> None:
    try:
        await proxy.start()
    except AddressError as error:
        raise ApiError(500, str(error)) from error


async def _differs(proxy: Proxy, wanted: Wanted) -> bool:
    try:
        return await differs(proxy, wanted.listen, wanted.upstream)
    except AddressError as error:
        raise ApiError(500, str(error)) from error


def _refuse_duplicate(registry: Registry, name: str) -> None:
    if name in registry.proxies:
        raise ApiError(409, "proxy already exists")


def _populated(status: int, proxies: list[Proxy], error: dict[str, Any]) -> Reply:
    values = [proxy_value(proxy) for proxy in proxies]
    return json_reply(status, dumps(error | {"proxies": values or None}))
