"""The load profiles that ship are plans of journeys that ship, for tenants that there are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from codeblue.load import LoadPlan
from codeblue.load.planning.plan import journey_files
from codeblue.load.planning.profile import profiles, read_plan
from codeblue.target import Variables, load_target
from codeblue.workspace import builtin_root

ROOT = builtin_root()
NAMES = sorted(profiles(ROOT))
EXPECTED = {
    *("pilot", "ramp", "step", "spike", "soak", "breakpoint", "noisy-tenant", "day-curve"),
    *("telehealth-surge", "replay", "fhir", "envelope"),
}


@cache
def profile(name: str) -> LoadPlan:
    return read_plan(profiles(ROOT)[name], label=name, seed=1, workspace=ROOT)


def rates(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The rate of all streams together, every tenth of a second."""
    plan = profile(name)
    at = np.arange(0.05, plan.seconds, 0.1)
    shapes = (np.array(plan.rate(stream).points).T for stream in plan.journeys)
    return at, np.sum([np.interp(at, *shape) for shape in shapes], axis=0)


def test_all_profiles_ship() -> None:
    assert set(NAMES) == EXPECTED


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_names_journeys_that_there_are(name: str) -> None:
    plan = profile(name)
    assert set(journey_files(plan, ROOT)) == set(plan.journeys)


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_has_a_title_and_an_objective_for_what_it_asks_often(name: str) -> None:
    plan = profile(name)
    assert plan.title
    rare = {stream for stream, each in plan.journeys.items() if each.rate < plan.total_rate / 50}
    assert set(plan.journeys) - rare <= set(plan.objectives)


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_names_tenants_that_there_are(name: str) -> None:
    tenants = load_target(ROOT, Variables()).tenants
    named = {stream.tenant for stream in profile(name).journeys.values() if stream.tenant}
    assert named <= set(tenants)


@pytest.mark.parametrize("name", [name for name in NAMES if profile(name).recovery])
def test_a_promise_of_recovery_is_about_the_spike_of_the_profile(name: str) -> None:
    promise = profile(name).recovery
    assert promise is not None
    at, rate = rates(name)
    calm = (at >= promise.calm[0]) & (at < promise.calm[1])
    assert np.ptp(rate[calm]) < 1e-6
    assert rate[at >= promise.spike_ends] == pytest.approx(rate[calm][0])
    assert rate[at < promise.spike_ends][-1] > rate[calm][0]
    assert promise.within == 10


def test_the_pilot_is_25_a_second() -> None:
    assert (profile("pilot").total_rate, profile("pilot").seconds) == (25, 6)


def test_the_shapes_are_as_announced() -> None:
    for name, times in (
        ("spike", 10),
        ("telehealth-surge", 2.54),
        ("ramp", 20),
        ("day-curve", 2.8),
    ):
        _, rate = rates(name)
        assert rate.max() / rate.min() == pytest.approx(times, rel=0.02), name
    assert profile("soak").seconds == 4 * 3600
    assert profile("breakpoint").search is not None


def test_only_the_noisy_tenant_is_noisy() -> None:
    plan = profile("noisy-tenant")
    noisy = {name for name in plan.journeys if plan.rate(name).peak > 10}
    assert {plan.journeys[name].tenant for name in noisy} == {"riverside"}
    assert {plan.journeys[name].tenant for name in set(plan.journeys) - noisy} == {"lakeside"}


def test_a_replay_follows_the_day_of_its_institutions() -> None:
    plan = profile("replay")
    due = plan.schedule().due
    hours = np.bincount((due * 24 / plan.seconds).astype(int), minlength=24)
    assert len(due) > 1000
    assert hours[14:20].sum() > 2 * hours[4:10].sum()
