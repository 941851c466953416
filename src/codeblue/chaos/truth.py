"""Probes that look at what is said, not only whether something is: marks, and changed answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from codeblue.chaos import baseline
from codeblue.chaos.burst import Answer, Request, Workload, statuses
from codeblue.errors import CodeblueError
from codeblue.session import Session, attach
from codeblue.target.duration import seconds

Measure = dict[str, Any]

_PATIENCE = 5.0
_CONTROL_SUCCESS = 0.99


def marked(
    requests: Sequence[Mapping[str, Any]],
    mark: str,
    count: int = 20,
    over: str | float = "1s",
    tenant: str = "",
    role: str = "clinician",
) -> Measure:
    """Send ``count`` requests; how many of the answers carry the ``mark`` of a degraded one.

    The mark is a path in the JSON answer (``degraded``, ``meta.stale``) at which something stands
    that is not empty. ``{honest, success, marked, unmarked, statuses}``: in the control no answer
    may carry it and ``honest`` is 1; under the fault ``honest`` is the share of the successful
    answers that do. No successful answer at all is honest: ``success`` says the rest.

    Raises:
        CodeblueError: the workload fails, or is marked, without the fault.
    """
    session, workload = attach(), Workload(requests, tenant, role)
    key = _key("marked", requests, tenant, role)
    control = baseline.recall(key) is None
    sent = workload.take(session, count)
    answers = _answers(session, workload, sent, seconds(over), again=control)
    good = [answer for answer in answers if answer.ok]
    with_mark = sum(bool(answer.field(mark)) for answer in good)
    if control:
        _require(len(good), count, "succeed")
        _require(count - with_mark, count, f"are without the mark {mark!r}")
        baseline.remember(key, count)
    honest = 1.0 if control or not good else with_mark / len(good)
    return {
        "honest": round(honest, 4),
        "success": len(good) / count,
        "marked": with_mark,
        "unmarked": len(good) - with_mark,
        "statuses": statuses(answers),
        "measured": f"{len(good)} of {count} requests succeeded"
        + ("" if control else f", {len(good) - with_mark} of them without the mark {mark!r}"),
    }


def unchanged(
    requests: Sequence[Mapping[str, Any]],
    fields: Sequence[str],
    count: int = 20,
    over: str | float = "1s",
    tenant: str = "",
    role: str = "clinician",
) -> Measure:
    """Send the same ``count`` requests as the control; compare ``fields`` of what is answered.

    ``{wrong, success, right, statuses}``: ``wrong`` is the share of all requests that were answered
    with success and something else than without the fault. Nothing that changes these fields may
    happen in between, and the requests must only read.

    Raises:
        CodeblueError: the workload fails without the fault.
    """
    session, workload = attach(), Workload(requests, tenant, role)
    key = _key("unchanged", requests, tenant, role)
    known = baseline.recall(key)
    sent = known[0] if known else workload.take(session, count)
    answers = _answers(session, workload, sent, seconds(over), again=known is None)
    told = [_told(answer, fields) for answer in answers]
    good = sum(answer.ok for answer in answers)
    if known is None:
        _require(good, count, "succeed")
        baseline.remember(key, (sent, told))
    before = known[1] if known else told
    wrong = sum(a.ok and now != was for a, now, was in zip(answers, told, before, strict=True))
    return {
        "wrong": round(wrong / count, 4),
        "right": good - wrong,
        "success": good / count,
        "statuses": statuses(answers),
        "measured": f"{wrong} of {count} answers differ from those without the fault "
        f"({good} succeeded)",
    }


def _answers(
    session: Session, workload: Workload, sent: Sequence[Request], over: float, *, again: bool
) -> list[Answer]:
    """What ``sent`` is answered; once more if it may be sent ``again`` and was not all answered.

    A control that fails once may have met a busy moment of the machine.
    """
    answers = workload.send_these(session, sent, _PATIENCE, over)
    if again and not all(answer.ok for answer in answers):
        return workload.send_these(session, sent, _PATIENCE, over)
    return answers


def _told(answer: Answer, fields: Sequence[str]) -> list[Any]:
    return [answer.field(name) for name in fields]


def _key(probe: str, *arguments: Any) -> str:
    return f"{probe}:{json.dumps(arguments, sort_keys=True)}"


def _require(good: int, count: int, what: str) -> None:
    if good < _CONTROL_SUCCESS * count:
        raise CodeblueError(
            f"control: only {good} of {count} requests {what} without the fault, "
            "so nothing can be said about it."
        )
