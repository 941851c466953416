"""The usual day of a pilot: every journey at once, at a pace the platform was promised to hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.history import check_histories
from codeblue.checks.ledger import reconcile
from codeblue.load import read_plan, run_load
from codeblue.load.objectives import against_objectives
from codeblue.session import Session

PROFILE = Path(__file__).with_name("pilot.toml")


@pytest.mark.check(
    id="baseline-load",
    risk="load",
    examines=[],
    title="A usual day keeps its objectives and every acknowledged write",
)
def test_a_usual_day_keeps_its_objectives(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """Percentiles are reported; what is judged is availability, and the ledger afterwards."""
    plan = read_plan(PROFILE, label="baseline", seed=platform.seed)
    with check.control():
        tenant = next(iter(platform.target.tenants))
        patient = platform.patients(tenant)[0]
        client(tenant).get(f"/v1/patients/{patient}/chart").raise_for_status()
    with check.stressor():
        result = run_load(platform, plan)
    if not result.generator_honest:
        check.inconclusive(result.reason)
    with check.oracle():
        promises = against_objectives(platform, result, plan)
        ledger = reconcile(platform, plan.label)
        histories = check_histories(platform, plan.label)
    missed = [p for p in promises if p.objective == "availability" and not p.met]
    broke = bool(missed) or ledger.broke or histories.broke
    if (ledger.unknown or histories.undecided) and not broke:
        check.inconclusive(
            f"{ledger.unknown} acknowledged writes could not be read back, "
            f"{histories.undecided} histories not decided"
        )
    check.judge(
        broke=broke,
        measured=(
            f"{result.ok} of {result.issued} arrivals served well ({result.availability:.2f} %), "
            f"{result.failed} failed, {result.in_flight} unanswered; of {ledger.acknowledged} "
            f"acknowledged writes {ledger.lost} lost, {ledger.stale} stale, "
            f"{ledger.duplicated} duplicated, {ledger.leaked} shown to another hospital; "
            f"{histories.anomalies} anomalies in {histories.objects} histories"
        ),
        threshold="every journey at its availability objective; 0 of everything else",
        evidence={
            "missed": [f"{p.journey}: {p.measured:.2f} < {p.threshold:g} %" for p in missed],
            "p99_ms": {name: journey.p99 for name, journey in result.journeys.items()},
            "lateness_p99_ms": result.lateness_p99_ms,
            "examples": ledger.examples,
            "anomalies": histories.examples,
        },
    )
