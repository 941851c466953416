"""Billing runs at night, and at night patients deteriorate: the ward must not wait for the batch.

Harm: a nurse cannot order an antibiotic, because the accounts of the hospital are locked until the
last one is billed.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.confirm import confirmed
from codeblue.checks.nights import Hospital, Night
from codeblue.checks.pace import p95
from codeblue.checks.volume import fresh_patients

ACCOUNTS = 200
RATE, CALM = 40.0, 0.8  # orders per second, and for how many seconds before and after the run
PATIENCE = 20.0  # seconds that a run may take
SLOWER, REFUSED = 3.0, 0.01
HELD = 0.2  # of the run; a shorter delay may be the doing of whatever else runs on the machine
LATE = 100.0  # ms; above this it is the checking machine that did not keep the pace


@pytest.mark.check(
    id="nightly-billing",
    risk="load",
    examines=["workload_separation"],
    title="Orders are accepted as fast while the night is billed",
)
def test_orders_do_not_wait_for_the_billing_run(
    check: Check, client: Callable[..., httpx.Client]
) -> None:
    """Forty orders a second, before, during and after a billing run of two hundred accounts."""
    nurse, office = client(), client(role="administrator")
    nights: list[Night] = []
    with check.control():
        hospital = Hospital(nurse, office, fresh_patients(nurse, ACCOUNTS))
        hospital.calm(RATE, CALM)

    def slowed_down() -> bool:
        hospital.owe()
        nights.append(night := hospital.night(RATE, CALM, PATIENCE))
        held = night.slower > SLOWER and night.held > HELD
        return held or night.refused > REFUSED * len(night.during)

    with check.stressor():
        broke = confirmed(slowed_down)
    night = nights[-1]
    if night.accounts < ACCOUNTS:
        check.inconclusive(f"the run billed {night.accounts} of {ACCOUNTS} accounts")
    if night.lateness > LATE:
        check.inconclusive(f"this machine sent orders {night.lateness:.0f} ms late")
    check.judge(
        broke=broke,
        measured=(
            f"p95 of an order {p95(night.calm):.0f} ms before and after the billing run and "
            f"{p95(night.during):.0f} ms during it ({night.slower:.1f} times; {night.held:.0%} of "
            f"the run), {night.refused} of {len(night.during)} not accepted"
        ),
        threshold=f"up to {SLOWER:g} times or {HELD:.0%} of the run, {REFUSED:.0%} not accepted",
        evidence={
            "times slower": [round(one.slower, 2) for one in nights],
            "seconds of the runs": [round(one.seconds, 2) for one in nights],
            "accounts billed": night.accounts,
        },
    )
