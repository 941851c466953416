"""Whether the platform has what it acknowledged, and histories that some order explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from codeblue.checks.history import HistoryResult, check_histories
from codeblue.checks.ledger import LedgerResult, reconcile
from codeblue.session import Session

PROMISE = (
    "0 acknowledged writes lost, stale, duplicated or leaked; every history has a serial order"
)
_COUNTS = ("acknowledged", "lost", "stale", "duplicated", "leaked", "unknown")


@dataclass(frozen=True)
class Kept:
    """What was read back after one load, or after several, by their labels."""

    ledgers: dict[str, LedgerResult]
    histories: dict[str, HistoryResult]

    @property
    def broke(self) -> bool:
        """Whether a promise was broken, which no condition of the load excuses."""
        ledgers, histories = self.ledgers.values(), self.histories.values()
        return any(ledger.broke for ledger in ledgers) or any(each.broke for each in histories)

    @property
    def unknown(self) -> str:
        """What could not be seen; empty when all was."""
        if unread := self._count("unknown"):
            return f"{unread:,} acknowledged writes could not be read back"
        if undecided := sum(result.undecided for result in self.histories.values()):
            return f"{undecided:,} histories were too entangled to be decided"
        return ""

    @property
    def sentence(self) -> str:
        """The counts in words."""
        counts = {name: f"{self._count(name):,}" for name in _COUNTS}
        anomalies = sum(result.anomalies for result in self.histories.values())
        objects = sum(result.objects for result in self.histories.values())
        return (
            "of {acknowledged} acknowledged writes {lost} lost, {stale} stale, {duplicated} "
            "duplicated, {leaked} leaked".format(**counts)
            + f"; {anomalies:,} of {objects:,} histories without a serial order"
        )

    @property
    def evidence(self) -> dict[str, Any]:
        """Examples of what is wrong, by load."""
        ledgers = {label: result.examples for label, result in self.ledgers.items()}
        histories = {f"{label} histories": each.examples for label, each in self.histories.items()}
        return {name: examples for name, examples in {**ledgers, **histories}.items() if examples}

    def fields(self) -> dict[str, Any]:
        """For the JSON object."""
        return {
            "ledger": {name: asdict(result) for name, result in self.ledgers.items()},
            "histories": {name: asdict(result) for name, result in self.histories.items()},
        }

    def _count(self, name: str) -> int:
        return sum(getattr(result, name) for result in self.ledgers.values())


def read_back(session: Session, labels: Iterable[str], *, skew: float = 0.0) -> Kept:
    """Hold the platform to what it acknowledged during the loads; every fault is healed by now.

    ``skew`` is how wrong the clocks of the workers may be, in seconds.
    """
    names = list(labels)
    return Kept(
        ledgers={label: reconcile(session, label, skew=skew) for label in names},
        histories={label: check_histories(session, label, skew=skew) for label in names},
    )
