"""Histories: whether what a load saw of slots and lists could have happened one after the other.

The load writes down when each operation was invoked and when it was completed
(``codeblue.load.ledger``). A history is in order when every operation can be given an instant
between the two so that, taken in that order, each gives the answer that was given: linearizability
(Herlihy and Wing, ACM TOPLAS 12(3), 1990). It is local: objects are judged one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from msgspec.structs import replace

from codeblue.checks.anomaly import Anomaly
from codeblue.checks.list_history import list_anomalies
from codeblue.checks.slot_history import slot_anomalies
from codeblue.errors import UsageError, did_you_mean
from codeblue.load.ledger import Operation, by_object, parse
from codeblue.session import Session

_MODELS: Mapping[str, Callable[[Sequence[Operation]], list[Anomaly] | None]] = {
    "slot": slot_anomalies,
    "list": list_anomalies,
}
_EXAMPLES = 5  # of each kind


@dataclass(frozen=True)
class HistoryResult:
    """How many objects had a history, of how many operations, and what is wrong with them.

    An object counts once for each kind of anomaly; ``examples`` has a few of each kind in words.
    """

    objects: int
    operations: int
    anomalies: int
    undecided: int
    """Objects whose operations overlapped too often to try all orders."""
    examples: dict[str, list[str]]

    @property
    def broke(self) -> bool:
        """Whether something happened that no serial order explains."""
        return self.anomalies > 0


def check_histories(session: Session, load_label: str, *, skew: float = 0.0) -> HistoryResult:
    """Check every history of the load for a serial order, and journal a ``history`` event.

    ``skew`` is how wrong the clock of a worker may be, in seconds; workers of one machine share
    one. Nothing is asked of the platform.
    """
    result = judge_histories(session.run.path, load_label, skew)
    session.journal.event("history", load=load_label, **asdict(result))
    return result


def judge_histories(run: Path, load_label: str, skew: float = 0.0) -> HistoryResult:
    """The same from the files of the run in the folder ``run``.

    Raises:
        UsageError: a journey recorded a history of a kind that is not known.
    """
    histories = by_object(run, load_label)
    anomalies, undecided, examples = 0, 0, dict[str, list[str]]()
    for (model, _), lines in histories.items():
        found = _judge(model, [parse(Operation, line) for line in lines], skew)
        if found is None:
            undecided += 1
            continue
        anomalies += len(found)
        for anomaly in found:
            sentences = examples.setdefault(anomaly.kind, [])
            sentences += [anomaly.sentence] * (len(sentences) < _EXAMPLES)
    operations = sum(map(len, histories.values()))
    return HistoryResult(len(histories), operations, anomalies, undecided, examples)


def _judge(model: str, operations: list[Operation], skew: float) -> list[Anomaly] | None:
    if model not in _MODELS:
        raise UsageError(f'history "{model}": no such model. {did_you_mean(model, _MODELS)}')
    if skew:
        operations = [_widened(operation, skew) for operation in operations]
    return _MODELS[model](operations)


def _widened(operation: Operation, skew: float) -> Operation:
    """The time in which it took effect, however wrong the clock was."""
    completed = None if operation.completed is None else operation.completed + skew
    return replace(operation, invoked=operation.invoked - skew, completed=completed)
