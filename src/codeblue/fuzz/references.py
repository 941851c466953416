"""Follows local references inside an OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]


def resolve(document: Document, node: Document) -> Document:
    """``node``, or what its local ``$ref`` (also as the only member of ``allOf``) points at."""
    members = node.get("allOf", ())
    if len(members) == 1:
        node = members[0]
    reference = str(node.get("$ref", ""))
    if not reference.startswith("#/"):
        return node
    target: Any = document
    for part in reference.removeprefix("#/").split("/"):
        target = target.get(part.replace("~1", "/").replace("~0", "~"), {})
    return resolve(document, target)
