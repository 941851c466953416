"""What Chaos Toolkit does, in the journal of the run as it happens.

Chaos Toolkit writes its own journal when the experiment is over, so a run that is killed has none.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from codeblue.chaos.guards import Breach
from codeblue.chaos.sentences import said
from codeblue.errors import JournalError
from codeblue.journal import Journal

_logger = logging.getLogger("chaostoolkit")


class Record:
    """The events of one experiment. Without a session there is no journal, and nothing is kept."""

    def __init__(self, journal: Journal | None, experiment: str) -> None:
        self._journal = journal
        self._experiment = experiment
        self._began: dict[str, float] = {}
        self.error: JournalError | None = None

    def note(self, text: str) -> None:
        """The experiment or one of its stages began or ended."""
        self._write("activity", text=text)

    def began(self, activity: Mapping[str, Any], stage: str) -> None:
        """An action or a probe begins."""
        self._began[activity["name"]] = time.monotonic()
        fields = _named(activity, stage)
        self._write("activity-began", **fields, text=f"{_title(activity)}: begins")

    def ended(self, activity: Mapping[str, Any], stage: str, run: Mapping[str, Any] | None) -> None:
        """An action or a probe ended; ``run`` is None when it was interrupted."""
        began = self._began.pop(activity["name"], None)
        self._write(
            "activity-ended",
            **_named(activity, stage),
            status=(run or {}).get("status", "interrupted"),
            seconds=None if began is None else round(time.monotonic() - began, 3),
            text=f"{_title(activity)}: {said(run)}",
        )

    def breached(self, breach: Breach) -> None:
        """A guard stopped the experiment."""
        self._write(
            "guard-breached",
            guard=breach.guard,
            blind=breach.blind,
            reason=breach.reason,
            text=f"stopped by {breach.sentence}",
        )

    def healed(self, breach: Breach, seconds: float, healed: list[str], left: str) -> None:
        """The faults are gone, ``seconds`` after the breach, or ``left`` says which is not."""
        self._write(
            "guard-healed",
            guard=breach.guard,
            seconds=round(seconds, 3),
            healed=healed,
            left=left,
            text=left or f"the faults were gone {seconds:.2f} s after the breach",
        )

    def _write(self, kind: str, **fields: Any) -> None:
        if self._journal is None or self.error is not None:
            return
        try:
            self._journal.event(kind, experiment=self._experiment, **fields)
        except JournalError as error:
            self.error = error
            _logger.critical(str(error))


def _named(activity: Mapping[str, Any], stage: str) -> dict[str, Any]:
    return {"activity": activity["name"], "type": activity["type"], "stage": stage}


def _title(activity: Mapping[str, Any]) -> str:
    return f"{activity['type']} {activity['name']}"
