"""Probes that look at what is said, not only whether something is: marks, and changed answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeblue.chaos import baseline
from codeblue.chaos.burst import Answer, Workload, statuses
from codeblue.chaos.probes import measure
from codeblue.chaos.probes.measure import Measure
from codeblue.session import attach
from codeblue.target.duration import seconds

_PATIENCE = 5.0


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
    key = measure.name("marked", requests, tenant, role)
    control = baseline.recall(key) is None
    sent = workload.take(session, count)
    answers = measure.answers(
        lambda: workload.send_these(session, sent, _PATIENCE, seconds(over)), control=control
    )
    good = [answer for answer in answers if answer.ok]
    with_mark = sum(bool(answer.field(mark)) for answer in good)
    if control:
        measure.require_working(answers)
        measure.require_working(answers, count - with_mark, f"are without the mark {mark!r}")
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
    key = measure.name("unchanged", requests, tenant, role)
    known = baseline.recall(key)
    sent = known[0] if known else workload.take(session, count)
    answers = measure.answers(
        lambda: workload.send_these(session, sent, _PATIENCE, seconds(over)), control=known is None
    )
    told = [_told(answer, fields) for answer in answers]
    good = sum(answer.ok for answer in answers)
    if known is None:
        measure.require_working(answers)
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


def _told(answer: Answer, fields: Sequence[str]) -> list[Any]:
    return [answer.field(name) for name in fields]
