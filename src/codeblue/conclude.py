"""The end of a run: from what the journal holds to one verdict and one exit code."""

from __future__ import annotations

import time

from codeblue.journal import Event, Journal, RunDirectory, read_events
from codeblue.verdict import ExitCode, Verdict, exit_code, outcome


def conclude(run: RunDirectory, reason: str = "", code: ExitCode | None = None) -> ExitCode:
    """Write ``run-finished`` once, and return the exit code of the run.

    Args:
        run: the run, whether it came to its end or not.
        reason: why it ended early, in words; empty when it did not.
        code: the exit code when the cause of the end decides it (usage, aborted).
    """
    events = read_events(run.path)
    for event in events:
        if event["kind"] == "run-finished":
            return ExitCode(event["exit"])
    final = _final(events, reason, code)
    Journal(run).event(
        "run-finished",
        verdict=outcome(final),
        exit=int(final),
        seconds=_seconds(events),
        reason=reason,
    )
    return final


def _final(events: list[Event], reason: str, code: ExitCode | None) -> ExitCode:
    if _faults_left(events):
        return ExitCode.UNHEALED
    seen = verdicts(events)
    if Verdict.FAIL in seen and code is not ExitCode.USAGE:
        return ExitCode.BROKE
    if code is not None:
        return code
    return ExitCode.INCONCLUSIVE if reason else exit_code(seen)


def verdicts(events: list[Event]) -> list[Verdict]:
    """The verdict of every check of the run; one that began and never finished is inconclusive."""
    finished = {e["id"]: Verdict(e["verdict"]) for e in events if e["kind"] == "check-finished"}
    began = [e["id"] for e in events if e["kind"] == "check-started"]
    unfinished = [Verdict.INCONCLUSIVE for name in began if name not in finished]
    return [*finished.values(), *unfinished]


def _faults_left(events: list[Event]) -> bool:
    return any(e["kind"] == "fault-healed" and e.get("verified") is False for e in events)


def _seconds(events: list[Event]) -> float:
    return round(time.time() - events[0]["at"], 2) if events else 0.0
