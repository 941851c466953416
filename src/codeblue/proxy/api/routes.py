"""Which handler answers which request, and the middleware around it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote, unquote

from codeblue.proxy.api import leases, openapi, populate, proxies, telemetry, toxics
from codeblue.proxy.api.call import Call, Request
from codeblue.proxy.api.json_reading import BadJsonError
from codeblue.proxy.api.json_writing import dumps
from codeblue.proxy.api.replies import ApiError, Reply, bare_reply, text_reply
from codeblue.proxy.registry import Registry

VERSION = "2.12.0"
"""The Toxiproxy release whose behaviour is followed."""

ANY = "*"
"""Stands for every method."""

Handler = Callable[..., Awaitable[Reply]]
Routes = Mapping[str, Mapping[str, Handler]]

_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_ABSOLUTE = re.compile("^[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")
_UNESCAPED = "/$&+,:;=@"


async def version(_call: Call) -> Reply:
    """GET /version."""
    headers = (("Content-Type", "application/json;charset=utf-8"),)
    return Reply(200, f'{{"version": "{VERSION}"}}\n'.encode(), headers)


TOXIPROXY: Routes = {
    "/version": {"GET": version},
    "/reset": {"POST": proxies.reset},
    "/populate": {"POST": populate.populate},
    "/proxies": {"GET": proxies.index, "POST": proxies.create},
    "/proxies/{proxy}": {
        "GET": proxies.show,
        "POST": proxies.update,
        "PATCH": proxies.update,
        "DELETE": proxies.delete,
    },
    "/proxies/{proxy}/toxics": {"GET": toxics.index, "POST": toxics.create},
    "/proxies/{proxy}/toxics/{toxic}": {
        "GET": toxics.show,
        "POST": toxics.update,
        "PATCH": toxics.update,
        "DELETE": toxics.delete,
    },
}
"""What a Toxiproxy started without flags answers."""

OURS: Routes = {
    "/metrics": {ANY: telemetry.metrics},
    "/openapi.json": {"GET": openapi.document},
    "/proxies/{proxy}/counters": {"GET": telemetry.counters},
    "/proxies/{proxy}/decisions": {"GET": telemetry.decisions},
    "/leases": {"GET": leases.index},
    "/leases/{owner}": {"PUT": leases.renew, "DELETE": leases.end},
}
"""What only this server answers; not when it is `--strict`."""

_EVERY: Routes = {**TOXIPROXY, **OURS}


async def answer(registry: Registry, request: Request, *, strict: bool = False) -> Reply:
    """The reply to one request; never raises for what a client sent."""
    raw, mark, query = _ABSOLUTE.sub("", request.target).partition("?")
    if _BAD_ESCAPE.search(raw) or not request.target or not (raw or mark or request.target):
        return bare_reply(400)
    path = unquote(raw)
    if (clean := _clean(path)) != path:
        location = quote(clean, safe=_UNESCAPED) + mark + query
        return Reply(301, headers=(("Location", location),), matched=False)
    found = _match(TOXIPROXY if strict else _EVERY, path)
    if found is None:
        return text_reply(404, "404 page not found\n", matched=False)
    methods, variables = found
    handler = methods.get(request.method) or methods.get(ANY)
    if handler is None:
        return Reply(HTTPStatus.METHOD_NOT_ALLOWED, matched=False)
    if request.user_agent.startswith("Mozilla/"):
        return text_reply(403, "User agent not allowed\n", matched=True)
    return await _handle(handler, Call(registry, request.body, query, strict), variables)


async def _handle(handler: Handler, call: Call, variables: dict[str, str]) -> Reply:
    try:
        return await handler(call, **variables)
    except BadJsonError as error:
        return _error(400, f"bad request body: {error}")
    except ApiError as error:
        return _error(error.status, str(error))


def _error(status: int, text: str) -> Reply:
    body = dumps({"error": text, "status": status}).decode()
    return text_reply(status, f"{body}\n", matched=True)


def _match(routes: Routes, path: str) -> tuple[Mapping[str, Handler], dict[str, str]] | None:
    given = path.split("/")
    for pattern, methods in routes.items():
        if (variables := _variables(pattern.split("/"), given)) is not None:
            return methods, variables
    return None


def _variables(pattern: list[str], given: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(given):
        return None
    variables = {}
    for expected, segment in zip(pattern, given, strict=True):
        if expected.startswith("{") and segment:
            variables[expected.strip("{}")] = segment
        elif expected != segment:
            return None
    return variables


def _clean(path: str) -> str:
    """The path without `//`, `/./` and `/../`; a slash at its end stays."""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return clean + "/" if path.endswith("/") and clean != "/" else clean
