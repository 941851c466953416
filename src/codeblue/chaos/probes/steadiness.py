"""The probe that asks again and again until all is well, or the time is up."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from codeblue.chaos.burst import Answer, Workload, statuses
from codeblue.chaos.probes.measure import Measure
from codeblue.session import attach
from codeblue.target.duration import seconds

_STEADY_PATIENCE = 5.0
_PAUSE = 0.25


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
