"""Warnings that could make a verdict meaningless; the page shows them before anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codeblue.render._checks import CheckRecord
from codeblue.render._loads import Load
from codeblue.render._record import RunRecord
from codeblue.render._recorded import Recorded
from codeblue.render._wording import Wording
from codeblue.verdict import Verdict

_MOST_ALONE, _MOST_NAMED = 3, 10


def cautions(record: RunRecord, recorded: Recorded | None, wording: Wording) -> list[str]:
    """Sentences, most serious first; those that the run itself recorded come last."""
    found = [
        *_of_run(record, recorded, wording),
        *_of_faults(record, wording),
        *_of_loads(record, recorded, wording),
        *record.warnings,
    ]
    return list(dict.fromkeys(sentence for sentence in found if sentence))


def _of_run(record: RunRecord, recorded: Recorded | None, wording: Wording) -> Iterator[str]:
    if not record.finished:
        yield wording.say("caution", "unfinished")
    if recorded is None:
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


def _of_loads(record: RunRecord, recorded: Recorded | None, wording: Wording) -> Iterator[str]:
    yield from _of_generators([load for load in record.loads if not load.honest], wording)
    for load in record.loads:
        yield from _of_load(load, wording)
        missing = recorded is not None and load.label not in recorded
        if missing and load.issued > load.dropped:
            yield wording.say("caution", "absent", load=load.label, issued=f"{load.issued:,}")


def _of_load(load: Load, wording: Wording) -> Iterator[str]:
    if not load.finished:
        yield wording.say("caution", "unreported", load=load.label)
    if load.dropped:
        yield wording.say("caution", "dropped", load=load.label, dropped=f"{load.dropped:,}")


def _of_generators(late: Sequence[Load], wording: Wording) -> Iterator[str]:
    """One sentence for each, but one for all of a search that drove the generator to its end."""
    if len(late) > _MOST_ALONE:
        names = ", ".join(load.label for load in late[:_MOST_NAMED])
        rest = f" and {len(late) - _MOST_NAMED} more" if len(late) > _MOST_NAMED else ""
        yield wording.say("caution", "often_late", count=len(late), loads=names + rest)
        return
    for load in late:
        reason = load.reason.rstrip(".") or "it did not say why"
        yield wording.say("caution", "late", load=load.label, reason=reason)
