"""What became of the acknowledged writes at one place, judged by what is found there."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any, Literal, get_args

import orjson

from codeblue.checks.holding import Body, Held, signature
from codeblue.load.ledger import Acknowledged, Unconfirmed

Count = Literal["acknowledged", "kept", "lost", "stale", "duplicated", "leaked", "unknown"]
COUNTS: tuple[Count, ...] = get_args(Count)
Must = dict[str, Any]

_BROKEN: tuple[Count, ...] = ("lost", "stale", "duplicated", "leaked")
_AS_IT_SHOULD_BE: tuple[Count, ...] = ("acknowledged", "kept")
_EXAMPLES = 5  # of each


@dataclass(slots=True)
class Tally:
    """Counts of writes by what became of them, and examples of what is not as it should be."""

    counts: dict[Count, int] = field(default_factory=dict)
    examples: dict[Count, list[str]] = field(default_factory=dict)

    def __getitem__(self, name: Count) -> int:
        return self.counts.get(name, 0)

    @property
    def broke(self) -> bool:
        """Whether a promise was broken."""
        return any(map(self.counts.get, _BROKEN))

    def note(self, fate: Count, entries: Sequence[Acknowledged]) -> None:
        """Count ``entries`` under ``fate``."""
        if entries:
            self.counts[fate] = self[fate] + len(entries)
            if fate not in _AS_IT_SHOULD_BE:
                self._exemplify(fate, (_sentence(entry) for entry in entries[:_EXAMPLES]))

    def add(self, other: Tally) -> None:
        """Count what ``other`` counted, too."""
        for fate, count in other.counts.items():
            self.counts[fate] = self[fate] + count
        for fate, sentences in other.examples.items():
            self._exemplify(fate, sentences)

    def _exemplify(self, fate: Count, sentences: Iterable[str]) -> None:
        known = self.examples.setdefault(fate, [])
        known.extend(sentences)
        del known[_EXAMPLES:]


def _sentence(entry: Acknowledged) -> str:
    at = datetime.fromtimestamp(entry.at, UTC)
    return f"{entry.kind} {entry.id} of {entry.tenant} at {entry.where}, acknowledged {at:%T} UTC"


class Place:
    """The writes at one place, the ``doubts`` about it, and what it holds.

    ``skew`` is how wrong the clock of a worker may be, in seconds.
    """

    def __init__(
        self,
        entries: Sequence[Acknowledged],
        doubts: Sequence[Unconfirmed],
        held: Held,
        skew: float = 0.0,
    ) -> None:
        self._things: dict[str, list[Acknowledged]] = {}
        for entry in entries:
            self._things.setdefault(entry.id, []).append(entry)
        self._doubts = doubts
        self._held = held
        self._skew = skew

    def judge(self, tally: Tally) -> None:
        """Count every write under what became of it."""
        kept: list[Acknowledged] = []
        unclear: dict[Hashable, list[Acknowledged]] = {}
        body, holding = self._held.body, self._held.holding
        for versions in self._things.values():
            entry = versions[0]
            if len(versions) > 1 or entry.must is None:
                self._judge_versions(versions, tally)
                continue
            found = holding(entry.must)
            if len(found) == 1 and (found[0] is body or found[0].get("id") == entry.id):
                kept.append(entry)
            else:
                unclear.setdefault(_key(entry.must), []).append(entry)
        tally.note("kept", kept)
        for alike in unclear.values():
            self._judge_alike(alike, tally)

    def _judge_alike(self, entries: list[Acknowledged], tally: Tally) -> None:
        """Things of which the same must be true: there have to be as many as there are things."""
        must = entries[0].must or {}
        found = self._found(must, {entry.id for entry in entries})
        surplus = len(found) - len(entries)
        if surplus < 0:
            there = {str(entry.get("id")) for entry in found}
            # Those that are there under their own id first: the others are the missing ones.
            entries = sorted(entries, key=lambda entry: entry.id not in there)
            for entry in entries[len(found) :]:
                tally.note(self._missing(entry), [entry])
        elif surplus:
            surplus -= sum(doubt.must == must for doubt in self._doubts)
            tally.note("duplicated", entries[: max(surplus, 0)])
        tally.note("kept", entries[: len(found)])

    def _judge_versions(self, versions: list[Acknowledged], tally: Tally) -> None:
        """Writes that replaced one another: the last one has to be there."""
        last = _last(versions, self._skew)
        found = max(self._copies(version) for version in last)
        if found:
            fate: Count = "kept"
        elif any(self._copies(version) for version in versions):
            fate = "kept" if self._excused(versions[0].id) else "stale"
        else:
            fate = self._missing(last[-1])
        tally.note(fate, last[-1:])
        tally.note("kept", versions[1:])
        tally.note("duplicated", last[-1:] if found > 1 else [])

    def _missing(self, entry: Acknowledged) -> Count:
        """What to call it that ``entry`` is not there."""
        if self._excused(entry.id):
            return "kept"
        return "unknown" if self._held.may_go_on and entry.must is not None else "lost"

    def _excused(self, identity: str) -> bool:
        """Whether what is there may be the work of a write that nobody confirmed."""
        return any(doubt.id == identity and self._explains(doubt) for doubt in self._doubts)

    def _explains(self, doubt: Unconfirmed) -> bool:
        if doubt.must is None:
            return not self._held.has(doubt.id)
        return bool(self._held.holding(doubt.must))

    def _copies(self, entry: Acknowledged) -> int:
        """How often what must be true of ``entry`` is."""
        if entry.must is None:
            return int(not self._held.has(entry.id))
        return len(self._found(entry.must, {entry.id}))

    def _found(self, must: Must, own: set[str]) -> list[Body]:
        """What has every field of ``must``, and is not another thing that was acknowledged."""
        return [
            body
            for body in self._held.holding(must)
            if body is self._held.body or self._is_free(str(body.get("id")), own)
        ]

    def _is_free(self, identity: str, own: set[str]) -> bool:
        return identity in own or identity not in self._things


def _last(versions: list[Acknowledged], skew: float) -> list[Acknowledged]:
    """Those that may be the last one; of two that overlapped in time, each may be.

    One may be as long as none is known to have been sent after it was acknowledged.
    """
    newest = max((v.invoked for v in versions if v.invoked is not None), default=-inf)
    by_time = sorted(versions, key=lambda version: version.at)
    return [v for v in by_time if v.at + 2 * skew >= newest] or by_time[-1:]


def _key(must: Must) -> Hashable:
    """The same for two that ask for the same."""
    key = signature(must)
    try:
        hash(key)
    except TypeError:
        return orjson.dumps(must, None, orjson.OPT_SORT_KEYS)
    return key
