"""Malformed resources by named mutation of a valid one, and what a platform does with them.

A corpus file is JSON: where the resource is posted, a valid ``base``, ``valid`` variants, and for
each class of defect the mutations that give its items. What any JSON body can suffer (broken
syntax, wrong content type or encoding) is here and is applied to every base.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from codeblue.errors import UsageError

Resource = dict[str, Any]

INVALID_JSON: dict[str, Callable[[bytes], bytes]] = {
    "cut in half": lambda body: body[: len(body) // 2],
    "last brace missing": lambda body: body[:-1],
    "comma before the last brace": lambda body: body[:-1] + b",}",
    "single quotes": lambda body: body.replace(b'"', b"'"),
    "text after the end": lambda body: body + b" trailing",
    "two documents": lambda body: body + b"\n" + body,
    "comment": lambda body: b"// patient record\n" + body,
    "not a number": lambda body: body[:-1] + b',"multipleBirthInteger":NaN}',
}
OTHER_CONTENT_TYPES = (
    "text/plain",
    "application/xml",
    "application/fhir+xml",
    "application/x-www-form-urlencoded",
    "image/png",
)
BROKEN_ENCODING: dict[str, Callable[[bytes], bytes]] = {
    "invalid UTF-8": lambda body: body[:-1] + b',"comment":"\xc3\x28"}',
    "Latin-1": lambda body: body[:-1] + ',"comment":"Müller"}'.encode("latin-1"),
    "UTF-16": lambda body: body.decode().encode("utf-16"),
}


@dataclass(frozen=True)
class CorpusItem:
    """One request body; ``{marker}`` and ``{patient}`` in it are still to be filled."""

    resource: str
    defect: str
    """The class of the defect; empty for an item of the valid corpus."""
    name: str
    path: str
    content_type: str
    body: bytes
    lookup: str
    """The path of a search that would find it: by ``{marker}`` or by ``{patient}``."""

    def filled(self, marker: str, patient: str) -> bytes:
        """The body with an identifier of its own and the id of the patient that it is about."""
        filled = self.body
        for placeholder, value in (("{marker}", marker), ("{patient}", patient)):
            for encoding in ("utf-8", "utf-16-le"):
                filled = filled.replace(placeholder.encode(encoding), value.encode(encoding))
        return filled


@dataclass(frozen=True)
class Corpus:
    """The items that a platform is to accept, and those that it is to refuse."""

    valid: list[CorpusItem]
    malformed: list[CorpusItem]


def load_corpus(folder: Path) -> Corpus:
    """Read every ``*.json`` of ``folder``, in the order of names.

    Raises:
        UsageError: the folder has no corpus, or a mutation does not fit the base.
    """
    sources = [(path, orjson.loads(path.read_bytes())) for path in sorted(folder.glob("*.json"))]
    if not sources:
        raise UsageError(f"{folder}: no corpus here. Put one JSON file per resource into it.")
    return Corpus(
        valid=[item for path, source in sources for item in _valid(path, source)],
        malformed=[item for path, source in sources for item in _malformed(path, source)],
    )


def _valid(path: Path, source: Mapping[str, Any]) -> Iterator[CorpusItem]:
    yield _item(path, source, "", "base", source["base"])
    for name, resource in _mutations(path, source["base"], source["valid"]):
        yield _item(path, source, "", name, resource)


def _malformed(path: Path, source: Mapping[str, Any]) -> Iterator[CorpusItem]:
    for defect, mutations in source["malformed"].items():
        for name, resource in _mutations(path, source["base"], mutations):
            yield _item(path, source, defect, name, resource)
    body = json.dumps(source["base"]).encode()
    for name, spoil in INVALID_JSON.items():
        yield _raw(path, source, "invalid JSON", name, spoil(body), source["content_type"])
    for content_type in OTHER_CONTENT_TYPES:
        yield _raw(path, source, "wrong content type or encoding", content_type, body, content_type)
    for name, spoil in BROKEN_ENCODING.items():
        spoilt = spoil(body)
        yield _raw(
            path, source, "wrong content type or encoding", name, spoilt, source["content_type"]
        )


def _item(
    path: Path, source: Mapping[str, Any], defect: str, name: str, resource: object
) -> CorpusItem:
    body = json.dumps(resource).encode()
    return _raw(path, source, defect, name, body, source["content_type"])


def _raw(
    path: Path, source: Mapping[str, Any], defect: str, name: str, body: bytes, content_type: str
) -> CorpusItem:
    return CorpusItem(path.stem, defect, name, source["path"], content_type, body, source["lookup"])


def _mutations(
    path: Path, base: Resource, mutations: Mapping[str, Any]
) -> Iterator[tuple[str, object]]:
    """``set`` {place: [values]}, ``drop`` [places], ``long`` {place: length}, ``instead`` [bodies].

    A place is a dotted path into the base, with numbers for list positions.
    """
    try:
        for place, values in mutations.get("set", {}).items():
            for value in values:
                yield f"{place} = {json.dumps(value)}", _changed(base, place, value)
        for place, length in mutations.get("long", {}).items():
            yield f"{place} of {length} characters", _changed(base, place, "x" * length)
        for place in mutations.get("drop", []):
            yield f"without {place}", _changed(base, place)
        for body in mutations.get("instead", []):
            yield f"{json.dumps(body)} instead", body
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UsageError(f'{path}: no place "{place}" in its base. Name one that is.') from error


def _changed(base: Resource, place: str, *value: object) -> Resource:
    """A copy of ``base`` with ``value`` at ``place``, or without that place if there is none."""
    changed = copy.deepcopy(base)
    *parents, last = place.split(".")
    holder: Any = changed
    for step in parents:
        holder = holder[int(step) if isinstance(holder, list) else step]
    key = int(last) if isinstance(holder, list) else last
    if value:
        holder[key] = value[0]
    else:
        del holder[key]
    return changed
