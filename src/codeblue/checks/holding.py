"""What a place holds: the entries of a body that have certain fields, found without a search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

Body = Mapping[str, Any]
Leaf = str | tuple[str, ...]
Leaves = tuple[Leaf, ...]
Values = tuple[Any, ...]
Index = dict[Values, list[Body]]

_FEW = 4  # entries that are compared faster than they are sorted into an index
_LEAST_PAGE, _ROUND = 100, 50


def holds(actual: object, must: object) -> bool:
    """Whether ``actual`` has every field of ``must``, and equal values at its leaves."""
    if not isinstance(must, dict):
        return actual == must
    if not isinstance(actual, dict):
        return False
    for name, value in must.items():
        if name not in actual or not holds(actual[name], value):
            return False
    return True


class Held:
    """A body that was read: a resource, or a collection of entries.

    The entries are the members of the lists in it; those of a FHIR Bundle are one level down.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self._indexes: dict[Leaves, Index] = {}

    @cached_property
    def entries(self) -> list[Body]:
        """The members of a collection; none of a resource."""
        return [entry for entry in _entries(self.body) if isinstance(entry, dict)]

    def holding(self, must: Mapping[str, Any]) -> list[Body]:
        """The body itself, or the entries in it, with every field of ``must``."""
        if must.keys() <= self.body.keys() and holds(self.body, must):
            return [self.body]
        if len(self.entries) > _FEW:
            paths, values = signature(must)
            try:
                return self._index(paths).get(values, [])
            except TypeError:  # a list among the values: cannot be looked up
                pass
        return [entry for entry in self.entries if holds(entry, must)]

    def has(self, identity: str) -> bool:
        """Whether the body, or an entry in it, has this ``id``."""
        return any(str(entry.get("id")) == identity for entry in (self.body, *self.entries))

    @property
    def may_go_on(self) -> bool:
        """Whether it ends where a page would: at a round number of entries."""
        return len(self.entries) >= _LEAST_PAGE and len(self.entries) % _ROUND == 0

    def _index(self, paths: Leaves) -> Index:
        if paths not in self._indexes:
            self._indexes[paths] = _indexed(self.entries, paths)
        return self._indexes[paths]


def signature(must: Mapping[str, Any]) -> tuple[Leaves, Values]:
    """The paths to the leaves of ``must`` (a name, or a tuple of names), and their values."""
    paths, values = tuple(must), tuple(must.values())
    if dict not in map(type, values):
        return paths, values
    leaves = list(_leaves(must, ()))
    return tuple(path for path, _ in leaves), tuple(value for _, value in leaves)


def _leaves(must: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[Leaf, Any]]:
    for name, value in must.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _indexed(entries: Iterable[Body], paths: Leaves) -> Index:
    """The entries by their values at ``paths``; without those that lack one, or a leaf there."""
    index: Index = {}
    for entry in entries:
        with suppress(KeyError, TypeError):
            index.setdefault(tuple([_at(entry, path) for path in paths]), []).append(entry)
    return index


def _at(entry: Any, path: Leaf) -> Any:
    if isinstance(path, str):
        return entry[path]
    for name in path:
        entry = entry[name]
    return entry


def _entries(body: Body) -> Iterator[Any]:
    for value in body.values():
        if isinstance(value, list):
            for member in value:
                yield member.get("resource", member) if isinstance(member, dict) else member
