"""The additive rule: what a published version of the API may never take back.

Within a version, requests that were accepted stay accepted, and answers that were read stay
readable: requests may only be widened and answers only be narrowed or added to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["request", "answer"]
Json = dict[str, Any]

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def breaking_changes(old: Json, new: Json) -> list[str]:
    """One sentence for each thing in the OpenAPI document `new` that breaks clients of `old`."""
    return list(_paths(old, new))


def _paths(old: Json, new: Json) -> Iterator[str]:
    schemas = _Schemas(old, new)
    for path, methods in old["paths"].items():
        if path not in new["paths"]:
            yield f"{path}: removed."
            continue
        for method, operation in methods.items():
            where = f"{method.upper()} {path}"
            if method not in new["paths"][path]:
                yield f"{where}: removed."
            else:
                both = _Operation(where, schemas, operation, new["paths"][path][method])
                yield from both.changes()


@dataclass(frozen=True, slots=True)
class _Operation:
    where: str
    schemas: _Schemas
    old: Json
    new: Json

    def changes(self) -> Iterator[str]:
        yield from self._parameters()
        yield from self._body()
        yield from self._responses()

    def _parameters(self) -> Iterator[str]:
        before, after = _by_name(self.old), _by_name(self.new)
        for key, parameter in after.items():
            where = f"{self.where}: {key[0]} parameter {key[1]}"
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{where}: required now."
            if key in before:
                schemas = before[key]["schema"], parameter["schema"]
                yield from self.schemas.compare(*schemas, "request", where)
        for place, name in before.keys() - after.keys():
            yield f"{self.where}: {place} parameter {name}: removed."

    def _body(self) -> Iterator[str]:
        before, after = self.old.get("requestBody", {}), self.new.get("requestBody", {})
        where = f"{self.where}: body"
        if after.get("required") and not before.get("required"):
            yield f"{where}: required now."
        yield from self._content(before, after, "request", where)

    def _responses(self) -> Iterator[str]:
        for status, before in self.old["responses"].items():
            where = f"{self.where}: answer {status}"
            after = self.new["responses"].get(status)
            if after is None:
                yield f"{where}: removed."
                continue
            for name in before.get("headers", {}).keys() - after.get("headers", {}).keys():
                yield f"{where}: header {name}: removed."
            yield from self._content(before, after, "answer", where)

    def _content(self, old: Json, new: Json, direction: Direction, where: str) -> Iterator[str]:
        for media_type, before in old.get("content", {}).items():
            after = new.get("content", {}).get(media_type)
            if after is None:
                yield f"{where}: {media_type}: removed."
            else:
                schemas = before["schema"], after["schema"]
                yield from self.schemas.compare(*schemas, direction, where)


def _by_name(operation: Json) -> dict[tuple[str, str], Json]:
    return {(each["in"], each["name"]): each for each in operation.get("parameters", ())}


class _Schemas:
    """Compares JSON Schemas of two documents; a pair of names is compared once per direction."""

    def __init__(self, old: Json, new: Json) -> None:
        self._documents = old, new
        self._seen: set[tuple[str, str, Direction]] = set()

    def compare(self, old: Json, new: Json, direction: Direction, where: str) -> Iterator[str]:
        references = old.get("$ref"), new.get("$ref")
        if references[0] and references[1]:
            pair = references[0], references[1], direction
            if pair in self._seen:
                return
            self._seen.add(pair)
        old, new = _resolved(old, self._documents[0]), _resolved(new, self._documents[1])
        yield from _values(old, new, direction, where)
        yield from _bounds(old, new, direction, where)
        yield from self._properties(old, new, direction, where)
        yield from self._alternatives(old, new, direction, where)
        for inside in ("items", "additionalProperties"):
            before, after = old.get(inside), new.get(inside)
            if isinstance(before, dict) and isinstance(after, dict):
                yield from self.compare(before, after, direction, f"{where}[]")

    def _properties(self, old: Json, new: Json, direction: Direction, where: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before.keys() - after.keys():
            yield f"{where}.{name}: removed."
        needed = set(old.get("required", ())), set(new.get("required", ()))
        if direction == "request":
            for name in needed[1] - needed[0]:
                yield f"{where}.{name}: required now."
        else:
            for name in (needed[0] - needed[1]) & after.keys():
                yield f"{where}.{name}: may be missing now."
        for name in before.keys() & after.keys():
            yield from self.compare(before[name], after[name], direction, f"{where}.{name}")

    def _alternatives(
        self, old: Json, new: Json, direction: Direction, where: str
    ) -> Iterator[str]:
        """Every alternative that was accepted is still, every one that is answered was before."""
        for word in ("anyOf", "oneOf"):
            before, after = old.get(word), new.get(word)
            if before is None or after is None:
                continue
            from_, to = (before, after) if direction == "request" else (after, before)
            for one in from_:
                if not any(self._fits(one, other, direction) for other in to):
                    said = "accepted no longer" if direction == "request" else "answered now"
                    yield f"{where}: {one.get('$ref', one.get('type', 'an alternative'))}: {said}."

    def _fits(self, one: Json, other: Json, direction: Direction) -> bool:
        old, new = (one, other) if direction == "request" else (other, one)
        fresh = _Schemas(*self._documents)
        fresh._seen = set(self._seen)
        return not any(fresh.compare(old, new, direction, ""))


def _resolved(schema: Json, document: Json) -> Json:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _values(old: Json, new: Json, direction: Direction, where: str) -> Iterator[str]:
    """Types and enumerations: None allows everything."""
    for word, choices in (("type", _types), ("values", _enumeration)):
        before, after = choices(old), choices(new)
        wider, narrower = (before, after) if direction == "request" else (after, before)
        if narrower is None or (wider is not None and wider <= narrower):
            continue
        said = "narrowed" if direction == "request" else "widened"
        yield f"{where}: {word} {said} from {_shown(before)} to {_shown(after)}."


def _types(schema: Json) -> set[str] | None:
    declared = schema.get("type")
    if declared is None:
        return None
    types = {declared} if isinstance(declared, str) else set(declared)
    return types | {"integer"} if "number" in types else types


def _enumeration(schema: Json) -> set[str] | None:
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(each) for each in schema["enum"]} if "enum" in schema else None


def _shown(choices: Iterable[str] | None) -> str:
    return "anything" if choices is None else ", ".join(sorted(choices))


def _bounds(old: Json, new: Json, direction: Direction, where: str) -> Iterator[str]:
    tight, loose = (new, old) if direction == "request" else (old, new)
    said = "narrowed" if direction == "request" else "widened"
    for word in (*_LOWER, *_UPPER):
        sign = 1 if word in _LOWER else -1
        if word in tight and (word not in loose or sign * tight[word] > sign * loose[word]):
            yield f"{where}: {word} {said} from {old.get(word)} to {new.get(word)}."
    if "pattern" in tight and tight["pattern"] != loose.get("pattern"):
        yield f"{where}: pattern {said} from {old.get('pattern')} to {new.get('pattern')}."
    open_before, open_now = (one.get("additionalProperties", True) for one in (old, new))
    if direction == "request" and open_now is False and open_before is not False:
        yield f"{where}: other fields accepted no longer."
