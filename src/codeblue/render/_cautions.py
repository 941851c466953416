"""Warnings that could make a verdict meaningless; the page shows them before anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from codeblue.render._checks import CheckRecord
from codeblue.render._record import Load, RunRecord
from codeblue.render._wording import Wording
from codeblue.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd


def cautions(record: RunRecord, requests: pd.DataFrame | None, wording: Wording) -> list[str]:
    """Sentences, most serious first; those that the run itself recorded come last."""
    found = [
        *_of_run(record, requests, wording),
        *_of_faults(record, wording),
        *_of_loads(record, requests, wording),
        *record.warnings,
    ]
    return list(dict.fromkeys(sentence for sentence in found if sentence))


def _of_run(record: RunRecord, requests: pd.DataFrame | None, wording: Wording) -> Iterator[str]:
    if not record.finished:
        yield wording.say("caution", "unfinished")
    if requests is None:
        yield wording.say("caution", "unreadable")
    undecided = [_undecided(c) for c in record.checks if c.result.verdict is Verdict.INCONCLUSIVE]
    if undecided:
        yield wording.say("caution", "undecided", checks="; ".join(undecided))


def _undecided(check: CheckRecord) -> str:
    return f"{check.title} ({check.reason.rstrip('.')})" if check.reason else check.title


def _of_faults(record: RunRecord, wording: Wording) -> Iterator[str]:
    for fault in record.faults:
        if fault.end is None:
            yield wording.say("caution", "unhealed", type=fault.type, edge=fault.edge)
        elif not fault.verified:
            yield wording.say("caution", "unverified", type=fault.type, edge=fault.edge)


def _of_loads(record: RunRecord, requests: pd.DataFrame | None, wording: Wording) -> Iterator[str]:
    recorded = set() if requests is None else set(requests["load"])
    for load in record.loads:
        yield from _of_load(load, wording)
        if requests is not None and load.issued and load.label not in recorded:
            yield wording.say("caution", "absent", load=load.label, issued=f"{load.issued:,}")


def _of_load(load: Load, wording: Wording) -> Iterator[str]:
    if not load.finished:
        yield wording.say("caution", "unreported", load=load.label)
    if load.dropped:
        yield wording.say("caution", "dropped", load=load.label, dropped=f"{load.dropped:,}")
    if not load.honest:
        reason = load.reason.rstrip(".") or "it did not say why"
        yield wording.say("caution", "late", load=load.label, reason=reason)
