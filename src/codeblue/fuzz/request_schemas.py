"""Makes deep request schemas shallow, so that generating one body takes milliseconds.

A FHIR resource nests a dozen levels of optional elements, and drawing from all of it takes seconds
for each request. What is generated need not be complete: whether an input *ought* to be accepted
is never judged here. Schemas of answers stay as they are.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from codeblue.fuzz.references import Document, resolve

Schema = dict[str, Any]

_DEEPEST = 6
_MOST_ITEMS = 2
_MOST_OPTIONAL = 6
_ALTERNATIVES = ("anyOf", "oneOf", "allOf")
_REPLACED = ("properties", "required", "items", "maxItems", "discriminator", *_ALTERNATIVES)


def simplify(document: Document, seed: int = 0) -> dict[str, Any]:
    """A copy of an OpenAPI document, all request bodies made shallow.

    Which of many optional members a body keeps depends on the ``seed``.
    """
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    paths = {
        path: {key: _simplify_operation(document, part, chance) for key, part in item.items()}
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def _simplify_operation(document: Document, operation: Any, chance: random.Random) -> Any:
    if not isinstance(operation, Mapping) or "requestBody" not in operation:
        return operation
    body = resolve(document, operation["requestBody"])
    content = {
        media_type: {
            **entry,
            "schema": _shallow(document, _narrow(document, entry.get("schema", {}), chance), 0),
        }
        for media_type, entry in body.get("content", {}).items()
    }
    return {**operation, "requestBody": {**body, "content": content}}


def _narrow(document: Document, schema: Document, chance: random.Random) -> Document:
    """``schema`` with a few of its own optional members."""
    node = resolve(document, schema)
    members = node.get("properties", {})
    optional = [name for name in members if name not in node.get("required", ())]
    most = max(_MOST_OPTIONAL, node.get("minProperties", 0))
    left_out = set(optional) - set(chance.sample(optional, min(most, len(optional))))
    if not left_out:
        return node
    kept = {name: member for name, member in members.items() if name not in left_out}
    return {**node, "properties": kept}


def _shallow(document: Document, schema: Any, depth: int) -> Any:
    """``schema`` without references, and below the top level without most optional members."""
    if not isinstance(schema, Mapping):
        return schema
    if depth > _DEEPEST:
        return {}
    node = resolve(document, schema)
    simple: Schema = {key: value for key, value in node.items() if key not in _REPLACED}
    for keyword in _ALTERNATIVES:
        if keyword in node:
            simple[keyword] = [_shallow(document, part, depth) for part in node[keyword]]
    if "items" in node:
        simple["items"] = _shallow(document, node["items"], depth)
        most = min(_MOST_ITEMS, node.get("maxItems", _MOST_ITEMS))
        simple["maxItems"] = max(most, node.get("minItems", 0))
    if "properties" in node:
        kept = _kept(node, depth)
        simple["properties"] = {
            name: _shallow(document, node["properties"][name], depth + 1) for name in kept
        }
    if "required" in node:
        simple["required"] = list(node["required"])
    return simple


def _kept(node: Mapping[str, Any], depth: int) -> list[str]:
    """All members at the top; below it the required ones, or as many as there must be."""
    names = list(node["properties"])
    if depth == 0:
        return names
    required = [name for name in names if name in node.get("required", ())]
    optional = [name for name in names if name not in required]
    return required + optional[: max(0, node.get("minProperties", 1) - len(required))]
