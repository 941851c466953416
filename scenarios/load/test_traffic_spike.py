"""A spike: ten times the traffic for three seconds. It may hurt, but it must pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeblue.checks import Check
from codeblue.checks.confirm import confirmed
from codeblue.checks.ledger import reconcile
from codeblue.load import LoadPlan, LoadResult, arrivals_of, read_plan, run_load
from codeblue.load.recovery import Promise, Recovery, recovery
from codeblue.load.result import Outcome
from codeblue.session import Session

PROFILE = Path(__file__).with_name("spike.toml")
AVAILABLE = 99.0  # percent, without a spike


@pytest.mark.check(
    id="traffic-spike",
    risk="load",
    examines=[],
    suite="full",
    title="After a tenfold spike the platform returns to where it was",
)
def test_the_platform_returns_from_a_spike(check: Check, platform: Session) -> None:
    """Requests may be shed during the spike; after it, nothing may be left of it."""
    plan = read_plan(PROFILE, label="spike", seed=platform.seed)
    promise = plan.recovery
    assert promise is not None, f"{PROFILE.name} promises no recovery"
    with check.control():
        usual = run_load(platform, _without_spike(plan, promise))
        assert usual.generator_honest, usual.reason
        assert usual.availability >= AVAILABLE, f"{usual.availability:.2f} % without a spike"
    loads: list[LoadResult] = []

    def felt() -> bool:
        labelled = plan.model_copy(update={"label": f"spike-{len(loads) + 1}"})
        loads.append(run_load(platform, labelled))
        return not _returned(platform, loads[-1], promise).kept

    with check.stressor():
        lasting = confirmed(felt)
    if reason := next((load.reason for load in loads if not load.generator_honest), ""):
        check.inconclusive(reason)
    with check.oracle():
        returned = [_returned(platform, load, promise) for load in loads]
        ledgers = [reconcile(platform, load.label) for load in loads]
    unanswered = sum(load.in_flight for load in loads)
    broke = lasting or unanswered > 0 or any(ledger.broke for ledger in ledgers)
    if not broke and not returned[-1].comparable:
        check.inconclusive(returned[-1].sentence)
    if not broke and (unknown := sum(ledger.unknown for ledger in ledgers)):
        check.inconclusive(f"{unknown} acknowledged writes could not be read back")
    check.judge(
        broke=broke,
        measured=(
            f"{returned[-1].sentence}; {unanswered} arrivals unanswered; of "
            f"{sum(ledger.acknowledged for ledger in ledgers)} acknowledged writes "
            f"{sum(ledger.lost + ledger.stale for ledger in ledgers)} lost, "
            f"{sum(ledger.duplicated for ledger in ledgers)} duplicated"
        ),
        threshold=f"back within {promise.within:g} s; 0 unanswered, 0 lost, 0 duplicated",
        evidence={
            "overall availability": [load.availability for load in loads],
            "each time": [one.sentence for one in returned],
        },
    )


def _without_spike(plan: LoadPlan, promise: Promise) -> LoadPlan:
    """The same journeys at their usual pace, for as long as the calm before the spike."""
    usual = {"shape": None, "recovery": None, "seconds": promise.calm[1]}
    return LoadPlan(**plan.model_dump() | usual | {"label": "spike-control"})


def _returned(platform: Session, load: LoadResult, promise: Promise) -> Recovery:
    found = arrivals_of(platform.run, load.label)
    return recovery(found.due, found.latency, found.outcome == Outcome.OK, promise)
