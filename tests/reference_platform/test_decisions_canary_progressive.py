from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.decisions.canary_progressive import (
    CanaryProgressive,
    Evidence,
    Pilot,
    Production,
    Step,
    chosen,
)
from reference_platform.services.cds.news2 import Vitals
from reference_platform.services.cds.trials import attempt
from reference_platform.services.cds.versions import as_published, versions

VITALS = Vitals(16, 98, False, 120, 70, "A", 37.0)


def ramp(canary: CanaryProgressive, name: str, requests: int = 400) -> tuple[int, Step]:
    """How many of as many patients had the candidate, and what became of it."""

    async def run() -> tuple[int, Step]:
        candidate, step, evidence, exposed = versions()[name], canary.begin, Evidence(), 0
        for number in range(requests):
            exposed += chosen(f"1:{number}", step.share)
            if not canary.compares or step.state != "ramping":
                continue
            trial = await attempt(candidate, as_published, VITALS, 1)
            evidence.compared += 1
            evidence.errors += trial.error
            evidence.slow += trial.slow
            evidence.disagreements += trial.disagreement
            if (following := canary.next(step.share, evidence)) is not None:
                step, evidence = following, Evidence()
        return exposed, step

    return asyncio.run(run())


@pytest.mark.parametrize("name", ["v2-swapped", "v2-failing", "v2-slow"])
def test_a_bad_candidate_reaches_a_tenth_at_most_and_is_refused(name: str) -> None:
    exposed, step = ramp(Production(), name)
    assert exposed <= 40
    assert (step.state, step.share) == ("rejected", 0)
    assert step.reason


def test_a_good_candidate_is_promoted_every_time() -> None:
    assert {ramp(Production(), "v2")[1] for _ in range(10)} == {Step(100, "promoted")}


def test_the_pilot_gives_it_to_everybody() -> None:
    assert ramp(Pilot(), "v2-swapped") == (400, Step(100, "released"))


def test_the_steps_are_taken_in_order_and_none_without_evidence() -> None:
    canary, enough, share, seen = Production(), Evidence(compared=30), 5, [5]
    assert canary.next(5, Evidence(compared=29)) is None
    while share != 100:
        step = canary.next(share, enough)
        assert step is not None
        share = step.share
        seen.append(share)
    assert seen == [5, 10, 25, 50, 100]


@given(st.integers(0, 29), st.integers(0, 2), st.integers(0, 2))
def test_a_mishap_is_no_reason(good: int, errors: int, slow: int) -> None:
    evidence = Evidence(compared=min(29, good + errors + slow), errors=errors, slow=slow)
    assert Production().next(5, evidence) is None


@given(st.text(max_size=40), st.integers(0, 100), st.integers(0, 100))
def test_who_has_the_candidate_keeps_it_while_the_share_grows(key: str, one: int, two: int) -> None:
    smaller, larger = sorted((one, two))
    assert chosen(key, smaller) <= chosen(key, larger)
    assert not chosen(key, 0)
    assert chosen(key, 100)


def test_the_share_is_kept() -> None:
    for share in (5, 10, 25, 50):
        exposed = sum(chosen(f"7:{number}", share) for number in range(10_000))
        assert exposed == pytest.approx(100 * share, rel=0.2)
