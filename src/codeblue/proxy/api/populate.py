"""POST /populate, and the file that `--config` names: many proxies at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from codeblue.errors import UsageError
from codeblue.proxy.api import json_reading as reading
from codeblue.proxy.api.call import Call
from codeblue.proxy.api.json_reading import BadJsonError
from codeblue.proxy.api.json_writing import dumps, proxy_value
from codeblue.proxy.api.proxies import Wanted, moves, new, read_proxy, start
from codeblue.proxy.api.replies import ApiError, Reply, json_reply
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.registry import Registry

_ITEM = 'struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }'


async def populate(call: Call) -> Reply:
    """POST /populate: all entries are read first, then created one by one up to a failure."""
    done: list[Proxy] = []
    try:
        for wanted in _read_many(call.body):
            done.append(await _create_or_replace(call.registry, wanted))  # noqa: PERF401 - kept on error
    except BadJsonError as error:
        return _populated(400, done, {"error": f"bad request body: {error}", "status": 400})
    except ApiError as error:
        return _populated(error.status, done, {"error": str(error), "status": error.status})
    return _populated(201, done, {})


async def populate_from(registry: Registry, file: Path) -> None:
    """Create the proxies of a file that holds what /populate takes.

    Raises:
        UsageError: the file cannot be read, is not such a list, or a proxy cannot listen.
    """
    try:
        for wanted in _read_many(await asyncio.to_thread(file.read_bytes)):
            await _create_or_replace(registry, wanted)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}. Name a file that can be read.") from error
    except (BadJsonError, ApiError) as error:
        raise UsageError(
            f'{file}: {error}. It takes a list such as [{{"name": "db", '
            '"listen": "127.0.0.1:5433", "upstream": "127.0.0.1:5432"}].'
        ) from error


def _read_many(body: bytes) -> list[Wanted]:
    value = reading.first_value(body)
    if value is not None and not isinstance(value, list):
        kind = reading.kind_of(value)
        raise BadJsonError(f"json: cannot unmarshal {kind} into Go value of type []{_ITEM}")
    wanted = [read_proxy(reading.read_object(item, _ITEM)) for item in value or []]
    for number, proxy in enumerate(wanted, start=1):
        for field in ("name", "upstream"):
            if not getattr(proxy, field):
                raise ApiError(400, f"missing required field: {field} at proxy {number}")
    return wanted


async def _create_or_replace(registry: Registry, wanted: Wanted) -> Proxy:
    existing = registry.proxies.get(wanted.name)
    if existing is not None:
        if not await moves(existing, wanted):
            return existing
        existing.stop()
    await asyncio.sleep(0)  # a long list waits for the data path, not it for the list
    proxy = new(registry, wanted)
    if wanted.enabled:
        await start(proxy)
    registry.register(proxy)
    return proxy


def _populated(status: int, proxies: list[Proxy], error: dict[str, Any]) -> Reply:
    values = [proxy_value(proxy) for proxy in proxies]
    return json_reply(status, dumps(error | {"proxies": values or None}))
