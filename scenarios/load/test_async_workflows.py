"""A referral goes through four systems: all of it happens or none, and nobody waits for it.

Harm: a patient has an appointment that no payer covers and that no record explains, and the ward
that asked for it was shown an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.burst import usual_seconds
from codeblue.checks.fresh import fresh_patient
from codeblue.checks.referrals import (
    COMPLETED,
    Ended,
    Referred,
    ended,
    refer,
    refer_until_completed,
)
from codeblue.faults import Latency, Refuse, ground_of, injected
from codeblue.session import Session

EDGES = ("hub-insurer", "hub-ehr", "worker-hub", "worker-sms")
"""The ways to what a referral needs after its appointment; each is closed once."""
EACH, OVER = 5, 0.5  # referrals while one of the edges is closed, within so many seconds
DELAY = 0.5  # seconds that the insurer takes while it is slow
LONG = 20.0  # seconds; longer than anybody waits for a referral before he makes another
SETTLED = 30.0  # seconds after the repair, within which every referral has ended


@pytest.mark.check(
    id="half-a-referral",
    risk="load",
    examines=["async_workflows"],
    title="A referral is made or taken back, whichever system was away",
)
def test_no_referral_stays_half_made(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """Referrals while each of the systems behind them is away, and while one is slow."""
    desk, slow = client(), Latency("hub-insurer", ms=round(DELAY * 1000))
    with check.control():
        patient = fresh_patient(desk)
        usual = _completed(desk, patient)
    with check.stressor():
        with injected(slow, ground_of(platform), platform.journal):
            delayed = refer(desk, patient, EACH, OVER)
        cut = [one for edge in EDGES for one in _cut(desk, patient, edge, platform)]
    with check.recovery():
        result = ended(desk, [*delayed, *cut], SETTLED)
        back = refer_until_completed(desk, patient, SETTLED)
    took, waited = _seconds(usual), _seconds(delayed)
    check.judge(
        broke=_half(result) or waited - took > DELAY / 2,
        measured=(
            f"{_measured(result)}; asking took {waited * 1000:.0f} ms "
            f"({took * 1000:.0f} ms with a quick insurer)"
        ),
        threshold=(
            f"0, 0 and 0, {SETTLED:g} s after the repair; asked without waiting for the insurer, "
            f"which takes {DELAY:g} s"
        ),
        evidence={"ends": dict(result.states), "a referral after it was completed": back},
    )


@pytest.mark.check(
    id="a-referral-for-nothing",
    risk="load",
    examines=["async_workflows"],
    suite="full",
    title="A referral that cannot be made for a long time is made late, or taken back",
)
def test_a_long_outage_leaves_no_half_referral(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """The EHR is away for so long that a platform may give up: then the appointment goes, too."""
    desk = client()
    with check.control():
        patient = fresh_patient(desk)
        _completed(desk, patient)
    with (
        check.stressor(),
        injected(Refuse("hub-ehr"), ground_of(platform), platform.journal),
    ):
        referred = refer(desk, patient, EACH, OVER)
        time.sleep(LONG)
    with check.recovery():
        result = ended(desk, referred, SETTLED)
        back = refer_until_completed(desk, patient, SETTLED)
    check.judge(
        broke=_half(result),
        measured=_measured(result),
        threshold=f"0, 0 and 0, {SETTLED:g} s after an outage of {LONG:g} s",
        evidence={"ends": dict(result.states), "a referral after it was completed": back},
    )


def _completed(desk: httpx.Client, patient: str) -> list[Referred]:
    """Referrals while nothing is broken, any more: something else may have been, just before."""
    assert refer_until_completed(desk, patient, SETTLED), "no referral is completed"
    referred = refer(desk, patient, EACH, OVER)
    states = ended(desk, referred, SETTLED).states
    assert states == {COMPLETED: EACH}, f"without a fault: {dict(states)}"
    return referred


def _cut(desk: httpx.Client, patient: str, edge: str, platform: Session) -> list[Referred]:
    with injected(Refuse(edge), ground_of(platform), platform.journal):
        return refer(desk, patient, EACH, OVER)


def _half(result: Ended) -> bool:
    return bool(result.unended or result.orphans or result.missing)


def _measured(result: Ended) -> str:
    return (
        f"of {result.states.total()} referrals {result.unended} neither made nor taken back, "
        f"{result.orphans} appointments that nobody knows of, {result.missing} missing"
    )


def _seconds(referred: Sequence[Referred]) -> float:
    return usual_seconds([one.sent for one in referred])
