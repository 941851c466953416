"""The probe that counts requests which never end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeblue.chaos import baseline
from codeblue.chaos.burst import Answer, Workload, statuses
from codeblue.chaos.probes import measure
from codeblue.chaos.probes.measure import Measure
from codeblue.errors import CodeblueError, UsageError
from codeblue.session import attach
from codeblue.target.duration import seconds

# A request is late after its deadline plus a fifth of it; it hangs when it is still open after two
# and a half deadlines, which no scheduling delay of a busy machine explains.
_LATE = 1.2
_PATIENCE = 2.5
_FELT = 3.0
_CRASHED = 500


def unanswered(
    requests: Sequence[Mapping[str, Any]],
    count: int = 20,
    deadline: str | float = "2s",
    patience: str | float = "5s",
    over: str | float = "1s",
    tenant: str = "",
    role: str = "clinician",
    *,
    felt: bool = True,
) -> Measure:
    """Send ``count`` requests, evenly ``over`` a second, and count those that never end.

    ``{hung, overdue, answered, crashed, statuses, slowest_s}``: hung are those without any end when
    ``patience`` was over, overdue those that ended later than ``deadline`` plus 20 %, crashed those
    answered with 500, which says that nobody had thought of this. With
    ``felt``, a fault that changed nothing at all is an error: it was not on the way of this
    workload, so nothing was exercised.

    Raises:
        UsageError: ``patience`` is shorter than 2.5 deadlines.
        CodeblueError: the workload fails without the fault, or does not feel the fault.
    """
    limit, wait = seconds(deadline), seconds(patience)
    if wait < _PATIENCE * limit:
        raise UsageError(
            f"patience: {wait:g} s is less than {_PATIENCE} deadlines of {limit:g} s. Make it "
            f"{_PATIENCE * limit:g} s, or a busy machine looks like a request that hangs."
        )
    session, workload = attach(), Workload(requests, tenant, role)
    key = measure.name("unanswered", requests, tenant, role)
    answers = measure.answers(
        lambda: workload.send(session, count, wait, seconds(over)),
        control=baseline.recall(key) is None,
    )
    found = _endings(answers, limit, wait)
    _against_control(key, answers, found, felt=felt)
    return found


def _endings(answers: Sequence[Answer], limit: float, wait: float) -> Measure:
    hung = sum(answer.hung for answer in answers)
    ended = [answer.seconds for answer in answers if not answer.hung]
    overdue = sum(duration > _LATE * limit for duration in ended)
    others = ", ".join(f"{w}: {n}" for w, n in statuses(answers).items() if w != "hung")
    return {
        "hung": hung,
        "overdue": overdue,
        "answered": len(ended),
        "crashed": sum(answer.status == _CRASHED for answer in answers),
        "statuses": statuses(answers),
        "slowest_s": round(max(ended, default=wait), 3),
        "measured": f"{hung} of {len(answers)} requests still without an answer after {wait:g} s"
        + (f", {overdue} answered later than {_LATE * limit:g} s" if overdue else "")
        + (f" (answers {others})" if others else ""),
    }


def _against_control(key: str, answers: Sequence[Answer], found: Measure, *, felt: bool) -> None:
    control = baseline.recall(key)
    good = sum(answer.ok for answer in answers)
    if control is None:
        measure.require_working(answers)
        baseline.remember(key, found["slowest_s"])
    elif felt and good == len(answers) and found["slowest_s"] <= _FELT * control:
        raise CodeblueError(
            f"the fault was not felt: all {good} requests succeeded as fast as without it. "
            "Check that the platform looks for this dependency at the edge's listen address."
        )
