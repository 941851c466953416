"""Which handler answers which request, and the middleware around it."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, unquote

from codeblue.proxy.api import leases, proxies, toxics
from codeblue.proxy.api.json_reading import BadJsonError
from codeblue.proxy.api.json_writing import dumps
from codeblue.proxy.api.replies import ApiError, Reply, text_reply
from codeblue.proxy.registry import Registry

VERSION = "2.12.0"
"""The Toxiproxy release whose behaviour is followed."""

Handler = Callable[..., Awaitable[Reply]]


@dataclass(frozen=True)
class Request:
    """One HTTP request, read whole."""

    method: str
    target: str
    user_agent: str
    body: bytes


async def version(_registry: Registry, _body: bytes) -> Reply:
    """GET /version."""
    headers = (("Content-Type", "application/json;charset=utf-8"),)
    return Reply(200, f'{{"version": "{VERSION}"}}\n'.encode(), headers)


ROUTES: dict[str, dict[str, Handler]] = {
    "/version": {"GET": version},
    "/reset": {"POST": proxies.reset},
    "/populate": {"POST": proxies.populate},
    "/proxies": {"GET": proxies.index, "POST": proxies.create},
    "/proxies/{proxy}": {
        "GET": proxies.show,
        "POST": proxies.update,
        "PATCH": proxies.update,
        "DELETE": proxies.delete,
    },
    "/proxies/{proxy}/counters": {"GET": proxies.counters},
    "/proxies/{proxy}/toxics": {"GET": toxics.index, "POST": toxics.create},
    "/proxies/{proxy}/toxics/{toxic}": {
        "GET": toxics.show,
        "POST": toxics.update,
        "PATCH": toxics.update,
        "DELETE": toxics.delete,
    },
    "/leases": {"GET": leases.index},
    "/leases/{owner}": {"PUT": leases.renew, "DELETE": leases.end},
}


async def answer(registry: Registry, request: Request) -> Reply:
    """The reply to one request; never raises for what a client sent."""
    path = unquote(request.target.partition("?")[0])
    if (clean := _clean(path)) != path:
        return Reply(301, headers=(("Location", quote(clean)),), matched=False)
    found = _match(path)
    if found is None:
        return text_reply(404, "404 page not found\n", matched=False)
    methods, variables = found
    if (handler := methods.get(request.method)) is None:
        return Reply(HTTPStatus.METHOD_NOT_ALLOWED, matched=False)
    if request.user_agent.startswith("Mozilla/"):
        return text_reply(403, "User agent not allowed\n", matched=True)
    return await _handle(handler, registry, request.body, variables)


async def _handle(
    handler: Handler, registry: Registry, body: bytes, variables: dict[str, str]
) -> Reply:
    try:
        return await handler(registry, body, **variables)
    except BadJsonError as error:
        return _error(400, f"bad request body: {error}")
    except ApiError as error:
        return _error(error.status, str(error))


def _error(status: int, text: str) -> Reply:
    body = dumps({"error": text, "status": status}).decode()
    return text_reply(status, f"{body}\n", matched=True)


def _match(path: str) -> tuple[dict[str, Handler], dict[str, str]] | None:
    given = path.split("/")
    for pattern, methods in ROUTES.items():
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
