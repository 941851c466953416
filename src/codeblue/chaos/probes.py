"""Probes for plain Chaos Toolkit files: each drives a workload and says what came of it.

The steady-state hypothesis runs a probe twice. The first time, before the method, is the control:
nothing is broken, so the workload has to work, and a probe whose workload does not work raises
instead of measuring. The second time the fault is active. Every result holds ``measured``, the
sentence for the report, and the numbers behind it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from codeblue.chaos import baseline
from codeblue.chaos.answered import answered
from codeblue.chaos.burst import Answer, Workload, statuses
from codeblue.chaos.feeding import fed
from codeblue.chaos.front_door import front_door
from codeblue.chaos.loaded import under_load
from codeblue.chaos.promises import accepted, kept
from codeblue.chaos.reaching import reaching
from codeblue.chaos.truth import marked, unchanged
from codeblue.errors import CodeblueError, UsageError
from codeblue.session import attach
from codeblue.target.duration import seconds

__all__ = [
    "Measure",
    "accepted",
    "answered",
    "fed",
    "front_door",
    "kept",
    "marked",
    "reaching",
    "steady",
    "unanswered",
    "unchanged",
    "under_load",
]

Measure = dict[str, Any]

# A request is late after its deadline plus a fifth of it; it hangs when it is still open after two
# and a half deadlines, which no scheduling delay of a busy machine explains.
_LATE = 1.2
_PATIENCE = 2.5
_FELT = 3.0
_CONTROL_SUCCESS = 0.99
_STEADY_PATIENCE = 5.0
_PAUSE = 0.25
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
    key = f"unanswered:{json.dumps([requests, tenant, role], sort_keys=True)}"
    answers = workload.send(session, count, wait, seconds(over))
    if baseline.recall(key) is None and not all(answer.ok for answer in answers):
        # A control that fails once may have met a busy moment of the machine.
        answers = workload.send(session, count, wait, seconds(over))
    measure = _endings(answers, limit, wait)
    _against_control(key, answers, measure, felt=felt)
    return measure


def steady(
    requests: Sequence[Mapping[str, Any]],
    count: int = 10,
    success: float = 0.99,
    within: str | float = "0s",
    over: str | float = "500ms",
    tenant: str = "",
    role: str = "clinician",
    through: str = "",
) -> Measure:
    """Send bursts of ``count`` requests until a share of ``success`` is answered with 2xx.

    A bad burst is confirmed by a second one, and bursts go on for ``within``. The requests of a
    burst arrive evenly ``over`` half a second, and ``through`` an edge if one is named: the users'
    own line to the platform. The result ``{success, seconds, bursts, statuses}``
    is that of the last burst.
    """
    session, workload = attach(), Workload(requests, tenant, role, through)
    began = time.monotonic()
    bursts: list[float] = []
    while True:
        answers = workload.send(session, count, _STEADY_PATIENCE, seconds(over))
        bursts.append(sum(answer.ok for answer in answers) / count)
        elapsed = time.monotonic() - began
        if bursts[-1] >= success or (elapsed >= seconds(within) and len(bursts) > 1):
            return _share(bursts, elapsed, answers)
        time.sleep(_PAUSE)


def _share(bursts: list[float], elapsed: float, answers: Sequence[Answer]) -> Measure:
    ended = ", ".join(f"{word}: {number}" for word, number in statuses(answers).items())
    return {
        "success": bursts[-1],
        "seconds": round(elapsed, 3),
        "bursts": [round(share, 4) for share in bursts],
        "statuses": statuses(answers),
        "measured": f"{bursts[-1]:.0%} of {len(answers)} requests succeeded ({ended})"
        + (f" after {elapsed:.1f} s and {len(bursts)} bursts" if len(bursts) > 1 else ""),
    }


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


def _against_control(key: str, answers: Sequence[Answer], measure: Measure, *, felt: bool) -> None:
    control = baseline.recall(key)
    good = sum(answer.ok for answer in answers)
    if control is None:
        if good < _CONTROL_SUCCESS * len(answers):
            raise CodeblueError(
                f"control: only {good} of {len(answers)} requests succeed without the fault "
                f"({statuses(answers)}), so nothing can be said about it."
            )
        baseline.remember(key, measure["slowest_s"])
    elif felt and good == len(answers) and measure["slowest_s"] <= _FELT * control:
        raise CodeblueError(
            f"the fault was not felt: all {good} requests succeeded as fast as without it. "
            "Check that the platform looks for this dependency at the edge's listen address."
        )
