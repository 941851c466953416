"""One report of all workers of a load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from codeblue.load._locust.messages import Data
from codeblue.load.planning.plan import LoadPlan
from codeblue.load.shares import Turns, share


def summed(
    plan: LoadPlan,
    turns: Turns,
    reports: Mapping[int, Data],
    lost: Sequence[int],
    elapsed: float,
) -> Data:
    """What all workers say together, and what is known of the ``lost`` ones that say nothing.

    A lost worker owes the arrivals that were due while the load lasted, ``elapsed`` seconds at the
    most. Lateness and share of a core are those of the worst worker.
    """
    told = [report for report in reports.values() if "issued" in report]
    elapsed = max((report["elapsed"] for report in told), default=min(elapsed, plan.seconds))
    issued = [report["issued"] for report in told]
    issued += [_owed(plan, turns, worker, elapsed) for worker in lost]
    return {
        "planned": np.sum(issued, axis=0).tolist() if issued else [0] * len(plan.journeys),
        "elapsed": elapsed,
        "workers": len(reports) + len(lost),
        "cpu": sum(report["cpu"] for report in told),
        "cpu_share": max((report["cpu_share"] for report in told), default=0.0),
        "lateness_p99": max((report["lateness_p99"] for report in told), default=0.0),
        "reason": _reason(reports, lost),
    }


def _owed(plan: LoadPlan, turns: Turns, worker: int, elapsed: float) -> list[int]:
    mine = share(plan.schedule(), turns, worker)
    due = mine.stream[mine.due <= elapsed]
    return [int(count) for count in np.bincount(due, minlength=len(plan.journeys))]


def _reason(reports: Mapping[int, Data], lost: Sequence[int]) -> str:
    if lost:
        names = ", ".join(map(str, lost))
        return f"worker {names} died; its records are read to the last one that it wrote"
    return next((report["reason"] for report in reports.values() if report["reason"]), "")
