"""Append-only lists: whether appends to one list, and reads of it, fit a serial order.

As every value is appended once, the reads themselves tell the order, which is what makes such
histories easy to judge (Kingsbury and Alvaro, *Elle: inferring isolation anomalies from
experimental observations*, PVLDB 14(3), 2020). All reads have to be beginnings of the longest one.
Then the place of each operation is known, and the history is in order exactly when no operation has
a place before that of another one which was over when it began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import orjson
from msgspec.structs import replace

from codeblue.checks.anomaly import Anomaly, told
from codeblue.load.ledger import Operation

_TWICE, _REFUSED = "on the list twice", "refused, and on the list"
_LOST, _DISAGREE = "acknowledged, and not on the list", "read in different orders"
_KINDS = {
    ("append", "read"): _LOST,
    ("read", "read"): "read as it was before",
    ("read", "append"): "read before it was sent",
    ("append", "append"): "appended in another order",
}

Values = list[Hashable]


@dataclass(slots=True)
class _Placed:
    """An operation, and where in the order of all it stands: reads between two appends."""

    place: int
    invoked: float
    completed: float
    operation: Operation


def list_anomalies(operations: Sequence[Operation]) -> list[Anomaly]:
    """The first anomaly of each kind of the list that ``operations`` are about.

    Values of which no append is known say nothing: they were there before, or their client was
    killed and left no record.
    """
    reads = [
        (operation, _marks(operation.value or []))
        for operation in operations
        if operation.action == "read" and operation.outcome == "ok"
    ]
    longest = max((values for _, values in reads), key=len, default=[])
    appends = [operation for operation in operations if operation.action == "append"]
    found: dict[str, Anomaly] = {}
    for anomaly in _anomalies(reads, appends, longest):
        found.setdefault(anomaly.kind, anomaly)
    return list(found.values())


def _anomalies(
    reads: list[tuple[Operation, Values]], appends: list[Operation], longest: Values
) -> Iterator[Anomaly]:
    known = _by_value(appends)
    times = Counter(_mark(append.value) for append in appends if append.outcome != "refused")
    agreed = []
    for read, values in reads:
        yield from _in_one_read(read, values, known, times)
        if values == longest[: len(values)]:
            agreed.append(_Placed(2 * len(values), read.invoked, read.over, read))
        else:
            yield _disagreement(read, values, known)
    yield from _out_of_order([*agreed, *_placed(known, longest)])


def _by_value(appends: list[Operation]) -> dict[Hashable, Operation]:
    """The append of each value; of one that was tried again, the whole time of trying."""
    known: dict[Hashable, Operation] = {}
    for append in appends:
        mark = _mark(append.value)
        before = known.setdefault(mark, append)
        if before.outcome == "refused":
            known[mark] = append
        elif append.outcome != "refused":
            known[mark] = replace(
                append,
                invoked=min(before.invoked, append.invoked),
                completed=min(before.over, append.over),
                outcome="ok" if "ok" in (before.outcome, append.outcome) else "unknown",
            )
    return known


def _in_one_read(
    read: Operation, values: Values, known: dict[Hashable, Operation], times: Counter[Hashable]
) -> Iterator[Anomaly]:
    if len(set(values)) < len(values):
        for value, seen in Counter(values).items():
            if seen > 1 and seen > times[value] > 0:
                yield _anomaly(_TWICE, known[value], read)
    for value in values:
        if value in known and known[value].outcome == "refused":
            yield _anomaly(_REFUSED, known[value], read)


def _disagreement(read: Operation, values: Values, known: dict[Hashable, Operation]) -> Anomaly:
    """What to call it that a read is not the beginning of the longest one."""
    for value in known.keys() - set(values):
        if known[value].outcome == "ok" and known[value].over < read.invoked:
            return _anomaly(_LOST, known[value], read)
    return Anomaly(_DISAGREE, f"{read.object}: {told(read)} is not how a longer read begins")


def _placed(known: dict[Hashable, Operation], longest: Values) -> Iterator[_Placed]:
    """Appends by where their values are; those that were never read come after all reads."""
    places = {value: 2 * index + 1 for index, value in reversed(list(enumerate(longest)))}
    for value, append in known.items():
        if value in places or append.outcome == "ok":
            place = places.get(value, 2 * len(longest) + 1)
            yield _Placed(place, append.invoked, append.over, append)


def _out_of_order(placed: list[_Placed]) -> Iterator[Anomaly]:
    """Operations with a place before that of one which was over when they began."""
    over = iter(sorted(placed, key=attrgetter("completed")))
    candidate, furthest = next(over, None), None
    for later in sorted(placed, key=attrgetter("invoked")):
        while candidate is not None and candidate.completed < later.invoked:
            if furthest is None or candidate.place > furthest.place:
                furthest = candidate
            candidate = next(over, None)
        if furthest is not None and furthest.place > later.place:
            first, second = furthest.operation, later.operation
            yield _anomaly(_KINDS[first.action, second.action], first, second)


def _anomaly(kind: str, first: Operation, second: Operation) -> Anomaly:
    return Anomaly(kind, f"{first.object}: {told(first)}, then {told(second)}")


def _marks(values: Sequence[object]) -> Values:
    return [value if isinstance(value, str) else _mark(value) for value in values]


def _mark(value: object) -> Hashable:
    """Stands for a value that is not hashable itself."""
    return value if isinstance(value, str) else orjson.dumps(value, None, orjson.OPT_SORT_KEYS)
