"""What is left of an answer when not everything in it may be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reference_platform.compartment import patient_of

Document = dict[str, Any]
Visible = Callable[[Mapping[str, Any]], bool]


def members(document: Document) -> Iterator[Mapping[str, Any]]:
    """The resources in an answer: of a Bundle, of a list of the platform's own, or itself."""
    if document.get("resourceType") == "Bundle":
        entries = document.get("entry", [])
        yield from (entry["resource"] for entry in entries if "resource" in entry)
    elif lists := _lists(document):
        for listed in lists.values():
            yield from listed
    else:
        yield document


def seen(document: Document, visible: Visible) -> Document | None:
    """`document` without what is not `visible`; None when nothing is left of a single resource.

    A history whose versions are all hidden is hidden itself; a search without matches is not.
    """
    if document.get("resourceType") == "Bundle":
        return _bundle(document, visible)
    if lists := _lists(document):
        return document | {
            name: [each for each in listed if visible(each)] for name, listed in lists.items()
        }
    return document if visible(document) else None


def _bundle(bundle: Document, visible: Visible) -> Document | None:
    entries = bundle.get("entry", [])
    kept = [entry for entry in entries if "resource" not in entry or visible(entry["resource"])]
    removed = len(entries) - len(kept)
    if not removed:
        return bundle
    if bundle.get("type") == "history" and not any("resource" in entry for entry in kept):
        return None
    total = {"total": bundle["total"] - removed} if "total" in bundle else {}
    return bundle | total | {"entry": kept}


def _lists(document: Document) -> dict[str, list[Document]]:
    """Members such as `orders`, of an answer that is a list; a resource or a record is none."""
    if "resourceType" in document or patient_of(document) is not None:
        return {}
    return {
        name: value
        for name, value in document.items()
        if isinstance(value, list) and all(isinstance(each, dict) for each in value)
    }
