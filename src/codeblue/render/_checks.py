"""Events of checks -> one record per check, finished or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from codeblue.render._fields import Event, clean, instant, mapping, number, redacted, text, words
from codeblue.render._report import CheckResult
from codeblue.verdict import Verdict, worst

CUT_SHORT = "The run ended while this check was running."
NEVER_STARTED = "The run ended before this check started."
DEFERRED = "Planned, but it was not run."


@dataclass(frozen=True)
class Stage:
    """A part of a check; ``start`` in seconds since the epoch, ``seconds`` its length."""

    name: str
    start: float
    seconds: float


@dataclass(frozen=True)
class CheckRecord:
    """A check with everything the engineer's view shows of it."""

    result: CheckResult
    title: str
    reason: str
    control: str
    evidence: object
    reproduce: str
    source: str
    start: float | None
    end: float | None
    stages: tuple[Stage, ...]


def check_records(events: Iterable[Event], end: float, *, finished: bool) -> list[CheckRecord]:
    """One record per check, in the order of first mention.

    ``end`` is the last moment of the journal (epoch seconds); ``finished`` tells whether the run
    closed its journal, which decides how an unstarted check is explained.
    """
    by_id: dict[str, list[Event]] = {}
    for event in events:
        kind = event.get("kind")
        if kind == "stage" or str(kind).startswith("check-"):
            by_id.setdefault(text(event, "id", "unnamed"), []).append(event)
    return [_record(key, mine, end, finished=finished) for key, mine in by_id.items()]


def _record(identity: str, events: list[Event], end: float, *, finished: bool) -> CheckRecord:
    planned = _last(events, "check-planned")
    started = next((e for e in events if e.get("kind") == "check-started"), None)
    ran = started is not None or any(e.get("kind") == "stage" for e in events)
    closing = _worst_finish(events)
    begin = instant(started or {})
    close = instant(closing) if closing else None
    facts: dict[str, Any] = {**planned, **(closing or {})}
    if closing is None:
        facts |= _unfinished(begin, end, ran=ran, finished=finished)
    return CheckRecord(
        result=_result(identity, facts),
        title=text(facts, "title", identity),
        reason=text(facts, "reason"),
        control=text(facts, "control"),
        evidence=redacted(mapping(facts, "evidence")),
        reproduce=text(facts, "reproduce"),
        source=text(facts, "source"),
        start=begin,
        end=close,
        stages=_stages(events, close if close is not None else end),
    )


def _result(identity: str, facts: Event) -> CheckResult:
    return CheckResult(
        id=identity,
        risk=text(facts, "risk"),
        examines=words(facts, "examines"),
        verdict=_verdict(facts),
        measured=text(facts, "measured"),
        threshold=text(facts, "threshold"),
        seconds=round(max(0.0, number(facts, "seconds") or 0.0), 3),
    )


def _unfinished(
    begin: float | None, end: float, *, ran: bool, finished: bool
) -> dict[str, str | float]:
    if not ran:
        reason = DEFERRED if finished else NEVER_STARTED
        return {"verdict": Verdict.NOT_EXERCISED, "reason": reason}
    seconds = end - begin if begin is not None else 0.0
    return {"verdict": Verdict.INCONCLUSIVE, "reason": CUT_SHORT, "seconds": seconds}


def _verdict(facts: Event) -> Verdict:
    try:
        return Verdict(clean(facts.get("verdict")))
    except ValueError:
        return Verdict.INCONCLUSIVE


def _last(events: list[Event], kind: str) -> Event:
    return next((event for event in reversed(events) if event.get("kind") == kind), {})


def _worst_finish(events: list[Event]) -> Event | None:
    """A check that was judged more than once counts with its worst verdict."""
    closings = [event for event in events if event.get("kind") == "check-finished"]
    verdict = worst(_verdict(event) for event in closings)
    return next((event for event in closings if _verdict(event) == verdict), None)


def _stages(events: list[Event], end: float) -> tuple[Stage, ...]:
    begun = [(text(e, "stage"), instant(e) or 0.0) for e in events if e.get("kind") == "stage"]
    marks = [*(start for _, start in begun), end]
    return tuple(
        Stage(name, start, max(0.0, marks[index + 1] - start))
        for index, (name, start) in enumerate(begun)
    )
