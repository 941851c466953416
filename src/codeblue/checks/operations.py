"""The operations of an OpenAPI document and the ids that they take, so that none is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch", "head")
NOT_AN_ID = frozenset(
    {"_count", "_sort", "_format", "_cursor", "page", "limit", "status", "state", "intent"}
    | {"code", "category", "clinical-status", "version", "service"}
)
"""Names of parameters that take text, but never the id of what somebody has."""
BODY_IDS = frozenset(
    {"id", "patient", "subject", "slot", "appointment", "encounter", "visit", "order"}
)
"""Names of top-level body fields that refer to something that exists already."""
_SAMPLES = ("5b1e0c5e-6a52-4d0e-9d5f-0c4b6f1f7a10", "Patient/5b1e0c5e-6a52-4d0e-9d5f-0c4b6f1f7a10")
_NO_IDS = ("date", "date-time", "time")


@dataclass(frozen=True)
class Operation:
    """One operation and the sources of ids in it, such as ``path``, ``query:patient``."""

    method: str
    template: str
    ids: frozenset[str]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the concrete paths of the template."""
        literal = re.split(r"\{[^}]+\}", self.template)
        return re.compile("[^/]+".join(map(re.escape, literal)))


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Every operation of an OpenAPI 3 ``document``."""
    return [
        Operation(method.upper(), template, frozenset(_ids(document, template, item, item[method])))
        for template, item in document.get("paths", {}).items()
        for method in METHODS
        if method in item
    ]


def find(known: Sequence[Operation], method: str, path: str) -> Operation | None:
    """The operation that serves ``method`` at the concrete ``path``; literals win over places."""
    matches = [o for o in known if o.method == method and o.pattern.fullmatch(path)]
    return min(matches, key=lambda operation: operation.template.count("{"), default=None)


def uncovered(
    known: Sequence[Operation], tried: Sequence[tuple[str, str, frozenset[str]]]
) -> list[str]:
    """Operations with an id source that no (method, path, id sources) of ``tried`` used."""
    used: dict[Operation, frozenset[str]] = {}
    for method, path, sources in tried:
        if operation := find(known, method, path):
            used[operation] = used.get(operation, frozenset()) | sources | {"path"}
    return [
        f"{operation.method} {operation.template} ({', '.join(sorted(missing))})"
        for operation in known
        if (missing := operation.ids - used.get(operation, frozenset()))
    ]


def _ids(
    document: Mapping[str, Any],
    template: str,
    item: Mapping[str, Any],
    operation: Mapping[str, Any],
) -> Iterator[str]:
    if set(re.findall(r"\{([^}]+)\}", template)) - NOT_AN_ID:
        yield "path"
    for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
        resolved = _resolved(document, parameter)
        if resolved.get("in") != "query" or resolved["name"] in NOT_AN_ID:
            continue
        if _may_be_an_id(document, resolved.get("schema", {})):
            yield f"query:{resolved['name']}"
    for name in _body_fields(document, operation):
        if name in BODY_IDS:
            yield f"body:{name}"


def _may_be_an_id(document: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether a value of ``schema`` can be an id: text that is no date and none of a few codes."""
    node = _resolved(document, schema)
    choices = [part for choice in ("anyOf", "oneOf") for part in node.get(choice, ())]
    if choices:
        return any(_may_be_an_id(document, part) for part in choices)
    if "items" in node:
        return _may_be_an_id(document, node["items"])
    if node.get("type", "string") != "string" or "enum" in node or node.get("format") in _NO_IDS:
        return False
    return any(re.search(node.get("pattern", ""), sample) for sample in _SAMPLES)


def _body_fields(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    body = _resolved(document, operation.get("requestBody", {}))
    for media in body.get("content", {}).values():
        yield from _properties(document, media.get("schema", {}))


def _properties(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    resolved = _resolved(document, schema)
    yield from resolved.get("properties", {})
    for choice in ("allOf", "anyOf", "oneOf"):
        for part in resolved.get(choice, ()):
            yield from _properties(document, part)


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node
