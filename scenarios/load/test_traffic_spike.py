"""A spike: five times the usual traffic for three seconds. It may hurt, but it must pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codeblue.checks import Check
from codeblue.checks.ledger import reconcile
from codeblue.load import LoadPlan, LoadResult, read_plan, requests_of, run_load
from codeblue.load.result import availability, percentile
from codeblue.session import Session

PROFILE = Path(__file__).with_name("spike.toml")
BEFORE, AFTER = (0.5, 3.0), (7.0, 10.0)  # seconds of the load: settled, and one second past it
AVAILABLE = 99.0  # percent, after the spike
SLOWER = 3.0  # times the p95 before it
UNNOTICED = 100.0  # ms; a p95 below this has returned, whatever it was before


@pytest.mark.check(
    id="traffic-spike",
    risk="load",
    examines=[],
    suite="full",
    title="After a fivefold spike the platform returns to where it was",
)
def test_the_platform_returns_from_a_spike(check: Check, platform: Session) -> None:
    """Requests may be shed during the spike; after it, nothing may be left of it."""
    plan = read_plan(PROFILE, label="spike", seed=platform.seed)
    with check.control():
        usual = run_load(platform, _without_spike(plan))
        assert usual.generator_honest, usual.reason
        assert usual.availability >= AVAILABLE, f"{usual.availability:.2f} % without a spike"
    with check.stressor():
        result = run_load(platform, plan)
    if not result.generator_honest:
        check.inconclusive(result.reason)
    with check.oracle():
        before, after = _window(platform, result, BEFORE), _window(platform, result, AFTER)
        was, now = _p95(before), _p95(after)
        available = availability(after)
        ledger = reconcile(platform, plan.label)
    if ledger.unknown:
        check.inconclusive(f"{ledger.unknown} acknowledged writes could not be read back")
    limit = max(SLOWER * was, UNNOTICED)
    check.judge(
        broke=bool(
            available < AVAILABLE
            or now > limit
            or result.in_flight
            or ledger.lost
            or ledger.duplicated
        ),
        measured=(
            f"p95 {was:.0f} ms before, {now:.0f} ms after; {available:.2f} % available after; "
            f"{result.in_flight} unanswered; {ledger.lost} acknowledged writes lost, "
            f"{ledger.duplicated} duplicated"
        ),
        threshold=f"after: p95 up to {limit:.0f} ms, {AVAILABLE:g} % available; 0, 0 and 0",
        evidence={"overall_availability": result.availability, "failed": result.failed},
    )


def _without_spike(plan: LoadPlan) -> LoadPlan:
    """The same journeys at their usual pace, for as long as the calm before the spike."""
    calm = plan.model_dump() | {"label": "spike-control", "shape": None, "seconds": BEFORE[1]}
    return LoadPlan(**calm)


def _window(
    platform: Session, result: LoadResult, seconds: tuple[float, float]
) -> NDArray[np.void]:
    """The requests that were due in a window of the load, whenever they were answered."""
    records = requests_of(platform.run, result.label)
    offset = records["intended"] - result.started
    return records[(offset >= seconds[0]) & (offset < seconds[1])]


def _p95(records: NDArray[np.void]) -> float:
    found = percentile(records["latency"].astype(np.float64) * 1000, 95)
    assert found is not None, "no request was due in a window of the load"
    return found
