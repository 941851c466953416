"""The probe that counts how many calls reach a dependency, as its edge's proxy sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from codeblue.chaos import baseline
from codeblue.chaos.burst import Workload, statuses
from codeblue.chaos.probes import measure
from codeblue.chaos.probes.measure import Measure
from codeblue.errors import CodeblueError, UsageError
from codeblue.session import Session, attach
from codeblue.target.duration import seconds

_PATIENCE = 10.0
_ANSWER_SECONDS = 5.0


def reaching(
    edge: str,
    requests: Sequence[Mapping[str, Any]],
    count: int = 20,
    over: str | float = "2s",
    tenant: str = "",
    role: str = "clinician",
) -> Measure:
    """Send ``count`` requests, evenly ``over`` two seconds, and count the calls on ``edge``.

    ``{calls, per_request, statuses}``. A call is a connection, so this is for faults that end the
    connection with every call: ``reset``, ``refuse``, ``drop-answers``. Without a fault a
    connection carries many calls and the count says nothing: the control's ``per_request`` is 0.

    Raises:
        UsageError: no such edge, or a fault proxy that does not count connections.
        CodeblueError: the workload fails without the fault, or does not feel the fault.
    """
    session, workload = attach(), Workload(requests, tenant, role)
    key = measure.name("reaching", edge, requests, tenant, role)
    control = baseline.recall(key) is None
    before = _accepted(session, edge)
    answers = measure.answers(
        lambda: workload.send(session, count, _PATIENCE, seconds(over)), control=control
    )
    calls = _accepted(session, edge) - before
    good = sum(answer.ok for answer in answers)
    if control:
        measure.require_working(answers)
        baseline.remember(key, good)
    elif good == count and calls <= count:
        raise CodeblueError(
            f"the fault was not felt: all {good} requests succeeded as without it. "
            f"Check that the platform looks for this dependency at the address of edge {edge}."
        )
    share = 0.0 if control else round(calls / count, 3)
    said = f"{count} requests made {calls} calls on {edge} ({share:.2f} each)"
    return {
        "calls": calls,
        "per_request": share,
        "success": good / count,
        "statuses": statuses(answers),
        "measured": f"{good} of {count} requests succeeded" if control else said,
    }


def _accepted(session: Session, edge: str) -> int:
    """Connections that the proxy of ``edge`` has accepted so far."""
    session.edge(edge)
    url = f"{session.proxy_url}/proxies/{edge}/counters"
    try:
        answer = httpx.get(url, timeout=_ANSWER_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        raise CodeblueError(f"{url}: the fault proxy does not answer.") from error
    if answer.status_code != httpx.codes.OK:
        raise UsageError(
            f"edge {edge}: this fault proxy does not count connections, so calls cannot be "
            "counted. Run it with codeblue's own proxy (`--proxy embedded`)."
        )
    return int(answer.json()["accepted"])
