"""The versions of the API: the services know the first, and adapters make the others of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from reference_platform.contract import v2
from reference_platform.contract.schema import components, reference
from reference_platform.decisions.versioned_api import FIRST, LATEST, VersionedApi
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.openapi import document
from reference_platform.services.gateway.operations import OPERATIONS, Operation

UNKNOWN = "/versions"
"""The path of all requests for a version that there is not."""
_SCOPE = "reference_platform.version"
_PREFIX = re.compile(r"/(v[0-9]{1,9})(?=/|$)")
_DEPRECATED = datetime(2026, 7, 1, tzinfo=UTC)
_SUNSET = datetime(2027, 7, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """What the latest version answers to an operation instead.

    `adapt` makes it of the first version's answer and the time.
    """

    answer: type[BaseModel]
    adapt: Callable[[dict[str, Any], datetime], dict[str, Any]]


def _coverage(answer: dict[str, Any], now: datetime) -> dict[str, Any]:
    checked = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    coverage = {"status": answer["status"], "checked_at": checked}
    return {"coverage": coverage, "payer": answer["payer"], "member": answer["member"]}


CHANGES: Mapping[str, Change] = {
    "askEligibility": Change(v2.CoverageEligibility, _coverage),
}
"""By operation id."""


class VersionPrefix:
    """ASGI middleware: routes see the paths of the first version, whatever version was asked."""

    def __init__(self, app: ASGIApp, versions: VersionedApi) -> None:
        self._app = app
        self._versions = versions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Notes the version in the scope, and takes it out of the path."""
        if scope["type"] == "http" and (found := _PREFIX.match(scope["path"])):
            known = self._versions.served(found[1]) is not None
            path = f"/{FIRST}{scope['path'][found.end() :]}" if known else UNKNOWN
            scope = {**scope, "path": path, _SCOPE: found[1]}
        await self._app(scope, receive, send)


def asked(scope: Scope) -> str:
    """The version that a request asks for."""
    return str(scope.get(_SCOPE, FIRST))


def adapted(reply: Reply, operation: Operation, now: datetime) -> Reply:
    """The answer of the first version as the latest one says it."""
    change = CHANGES.get(operation.id)
    if change is None or reply.status != operation.status:
        return reply
    content = change.adapt(orjson.loads(reply.body), now)
    return Reply(reply.status, reply.headers, orjson.dumps(content))


def relocated(reply: Reply, version: str) -> Reply:
    """The reply with its own links, in Location and in Bundles, pointing into `version`."""
    headers = dict(reply.headers)
    if "Location" in headers:
        headers["Location"] = _into(headers["Location"], version)
    body = reply.body
    if b'"Bundle"' in body:
        content = orjson.loads(body)
        _relink(content, version)
        body = orjson.dumps(content)
    return Reply(reply.status, headers, body)


def _relink(bundle: dict[str, Any], version: str) -> None:
    places = [(link, "url") for link in bundle.get("link", ())]
    for entry in bundle.get("entry", ()):
        places += [(entry, "fullUrl"), (entry.get("response", {}), "location")]
    for holder, name in places:
        if name in holder:
            holder[name] = _into(holder[name], version)


def _into(link: str, version: str) -> str:
    return link.replace(f"/{FIRST}/fhir", f"/{version}/fhir", 1)


def notices(operation: Operation) -> dict[str, str]:
    """RFC 9745, RFC 8594 and RFC 5829, when the latest version replaces this operation."""
    if operation.id not in CHANGES:
        return {}
    successor = operation.path.replace(f"/{FIRST}/", f"/{LATEST}/", 1)
    return {
        "Deprecation": f"@{int(_DEPRECATED.timestamp())}",
        "Sunset": format_datetime(_SUNSET, usegmt=True),
        "Link": f'<{successor}>; rel="successor-version"',
    }


def published(version: str) -> dict[str, Any]:
    """The OpenAPI document of a version."""
    contract = document()
    changed = [operation for operation in OPERATIONS if operation.id in CHANGES]
    for operation in changed:
        described = contract["paths"][operation.path][operation.method.lower()]
        success = described["responses"][str(operation.status)]
        if version == FIRST:
            text = {"required": True, "schema": {"type": "string"}}
            described["deprecated"] = True
            success["headers"] = dict.fromkeys(notices(operation), text)
        else:
            _replace_answer(contract, success, operation)
    if version != FIRST:
        _move(contract, version)
    return contract


def _replace_answer(
    contract: dict[str, Any], success: dict[str, Any], operation: Operation
) -> None:
    answer = CHANGES[operation.id].answer
    for content in success["content"].values():
        content["schema"] = reference(answer)
    schemas = contract["components"]["schemas"]
    if operation.answer is not None:
        schemas.pop(operation.answer.__name__)
    schemas.update(components([answer]))


def _move(contract: dict[str, Any], version: str) -> None:
    prefix = f"/{FIRST}/"
    contract["info"]["version"] = f"{version.removeprefix('v')}.0.0"
    contract["paths"] = {
        path.replace(prefix, f"/{version}/", 1): item for path, item in contract["paths"].items()
    }
