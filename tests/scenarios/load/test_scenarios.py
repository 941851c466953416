"""The load scenarios: what they put on a platform, and what they would call harmful."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codeblue.checks.overload import Overload
from codeblue.load import read_plan
from codeblue.target import Variables, load_target
from codeblue.workspace import builtin_root, load_module

FOLDER = builtin_root() / "scenarios" / "load"


def scenario(name: str) -> Any:
    return load_module(FOLDER / f"test_{name}.py")


FLOODED = scenario("admission_control")
FAIR = FLOODED.Flood(
    reason="", load=Overload(knee=50, offered=200, goodput=45), quiet=0.99, refused=30, curt=0
)


def test_a_flood_that_is_shed_fairly_harms_nobody() -> None:
    assert not FAIR.harmful


@pytest.mark.parametrize(
    "change",
    [
        {"quiet": 0.9},
        {"load": Overload(knee=50, offered=200, goodput=20)},
        {"load": Overload(knee=0, offered=200, goodput=0)},
        {"curt": 1},
    ],
    ids=["the quiet one starves", "work is wasted", "nothing is served", "no Retry-After"],
)
def test_each_signature_is_harmful_by_itself(change: dict[str, Any]) -> None:
    flood = replace(FAIR, **change)
    assert flood.harmful
    assert flood.measured


def test_the_flood_rises_beside_a_neighbour_who_stays_as_he_is() -> None:
    plan = FLOODED._plan("riverside", "lakeside", seed=1)
    assert {name: stream.tenant for name, stream in plan.journeys.items()} == {
        "quiet": "lakeside",
        "noisy": "riverside",
    }
    assert plan.rate("quiet").points == ((0, FLOODED.QUIET), (FLOODED.END, FLOODED.QUIET))
    assert plan.rate("noisy").points[0] == (0, 0)
    assert plan.rate("noisy").peak == FLOODED.NOISY
    # Somebody who waits for as long as is waited for can still be answered within the load.
    assert plan.drain >= FLOODED.PROMPT


def test_the_control_of_the_spike_is_the_same_pace_without_it() -> None:
    module = scenario("traffic_spike")
    plan = read_plan(module.PROFILE, label="spike", seed=1)
    assert plan.recovery is not None
    control = module._without_spike(plan, plan.recovery)
    assert control.seconds == plan.recovery.calm[1]
    for name, stream in plan.journeys.items():
        assert control.rate(name).peak == stream.rate < plan.rate(name).peak


def test_the_edges_that_are_broken_are_those_of_the_workspace() -> None:
    target = load_target(builtin_root(), Variables(profile="production", data="data"))
    for edge in (*scenario("async_workflows").EDGES, FLOODED.SLOW.edge, "worker-sms"):
        target.edge(edge)
