"""Slots: whether bookings, cancellations and reads of one slot fit a serial order.

A slot is a register with one holder at most. The search is that of Wing and Gong (*Testing and
verifying concurrent objects*, Journal of Parallel and Distributed Computing 17, 1993), which tries
what may have come next, with Lowe's two savings (*Testing for linearizability*, Concurrency and
Computation 29(4), 2017): what was reached before is not reached again, and an operation takes
effect no earlier than somebody's completion demands. So it runs along time, and the first
completion that nothing leads to is the anomaly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from operator import itemgetter

from codeblue.checks.anomaly import Anomaly, told
from codeblue.load.ledger import Operation

MOST_REACHED = 2000
"""Ways to reach a moment that are followed; a history with more of them is left undecided."""

Holder = str | None
Reached = tuple[Holder, int]
"""Who holds the slot, and which of the open operations have taken effect, as bits."""

_KINDS = {
    "book": "booked while it was held",
    "cancel": "cancelled while it was not held",
    "read": "read as it was not",
}
_SEVERAL = "held by several"
_MAY_HAVE_HAPPENED = {("unknown", "book"), ("unknown", "cancel")}


@dataclass(slots=True)
class _Step:
    """An operation that happened or, when ``completed`` is infinite, may have."""

    action: str
    holder: Holder
    invoked: float
    completed: float
    bit: int
    index: int = -1

    def can_follow(self, holder: Holder) -> bool:
        """Whether it can take effect while ``holder`` has the slot."""
        return holder is None if self.action == "book" else holder == self.holder


def slot_anomalies(operations: Sequence[Operation]) -> list[Anomaly] | None:
    """At most one anomaly of the slot that ``operations`` are about; ``None`` if undecided.

    It begins free. Whom a read shows though nobody is known to have asked for him may have booked
    and cancelled at any time: a client that was killed leaves no record.
    """
    for operation in operations:
        if operation.action == "read" and len(_holders(operation)) > 1:
            return [Anomaly(_SEVERAL, f"{operation.object}: {told(operation)}")]
    steps = _steps(operations)
    optional = sum(step.bit for step in steps if step.completed == inf)
    reached: set[Reached] = {(None, 0)}
    begun: list[_Step] = []
    for step, completes in _events(steps):
        if not completes:
            begun.append(step)
            continue
        ways = _ways(reached, begun, step.bit)
        if len(ways) > MOST_REACHED:
            return None
        reached = _least([way for way in ways if way[1] & step.bit], step.bit, optional)
        if not reached:
            return [_anomaly(operations[step.index], ways)]
        begun.remove(step)
    return []


def _anomaly(operation: Operation, ways: set[Reached]) -> Anomaly:
    states = sorted("free" if holder is None else f"held by {holder}" for holder, _ in ways)
    could = " or ".join(dict.fromkeys(states))
    return Anomaly(
        _KINDS[operation.action],
        f"{operation.object}: {told(operation)}, though by then it was {could}",
    )


def _holders(operation: Operation) -> Sequence[str]:
    if operation.value is None:
        return ()
    return operation.value if isinstance(operation.value, list) else (operation.value,)


def _steps(operations: Sequence[Operation]) -> list[_Step]:
    """What counts: refused operations did not happen, and an unanswered read tells nothing."""
    steps: list[_Step] = []
    for number, operation in enumerate(operations):
        if operation.outcome == "ok" or (operation.outcome, operation.action) in _MAY_HAVE_HAPPENED:
            holder = next(iter(_holders(operation)), None)
            when, bit = (operation.invoked, operation.over), 1 << len(steps)
            steps.append(_Step(operation.action, holder, *when, bit, number))
    for stranger in _strangers(operations):
        for action in ("book", "cancel"):
            steps.append(_Step(action, stranger, -inf, inf, 1 << len(steps)))
    return steps


def _strangers(operations: Iterable[Operation]) -> set[Holder]:
    """Who was read without having asked."""
    asked: set[Holder] = {None}
    seen: set[Holder] = set()
    for operation in operations:
        if operation.action != "read":
            asked.add(operation.value)
        elif operation.outcome == "ok":
            seen.update(_holders(operation))
    return seen - asked


def _events(steps: Iterable[_Step]) -> list[tuple[_Step, bool]]:
    """Invocations and completions along time; of the same instant, invocations first."""
    events = [(step.invoked, False, step) for step in steps]
    events += [(step.completed, True, step) for step in steps if step.completed < inf]
    events.sort(key=itemgetter(0, 1))
    return [(step, completes) for _, completes, step in events]


def _ways(reached: Iterable[Reached], begun: Sequence[_Step], goal: int) -> set[Reached]:
    """All that can be reached, by steps that have begun, until the one with the bit ``goal``."""
    ways = set[Reached]()
    frontier = [_with_reads(way, begun) for way in reached]
    while frontier and len(ways) <= MOST_REACHED:
        way = frontier.pop()
        holder, taken = way
        if way in ways:
            continue
        ways.add(way)
        if taken & goal:
            continue
        frontier += [
            _with_reads((None if step.action == "cancel" else step.holder, taken | step.bit), begun)
            for step in begun
            if not taken & step.bit and step.action != "read" and step.can_follow(holder)
        ]
    return ways


def _with_reads(way: Reached, begun: Sequence[_Step]) -> Reached:
    """The same, with every read that fits: it changes nothing, so it may as well be now."""
    holder, taken = way
    for step in begun:
        if step.action == "read" and step.holder == holder:
            taken |= step.bit
    return holder, taken


def _least(ways: Iterable[Reached], goal: int, optional: int) -> set[Reached]:
    """Without the ways that took effect of more, among what is ``optional``, to the same end.

    The step ``goal`` is over; its bit is not needed any more.
    """
    least: dict[Reached, list[int]] = {}
    for holder, taken in sorted(ways, key=lambda way: (way[1] & optional).bit_count()):
        rivals = least.setdefault((holder, taken & ~goal & ~optional), [])
        if not any(rival & taken == rival for rival in rivals):
            rivals.append(taken & optional)
    return {(holder, must | may) for (holder, must), all_may in least.items() for may in all_may}
