"""``chaos run`` that is stopped from inside: safeguards, ``--fail-fast``, and our guards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from ..conftest import SmallPlatform
    from .conftest import ChaosRun, Experiments

pytestmark = pytest.mark.slow

GUARD = 30.0
# The promise is 1 s from the breach; a machine that is busy with tests gets twice that.
PROMPT = 2.0
# Chaos Toolkit's own graceful exit, as its documentation shows it for a safeguard.
SAFEGUARD = {
    "type": "probe",
    "name": "safeguard",
    "background": True,
    "pauses": {"before": 2},
    "provider": {"type": "python", "module": "chaoslib.exit", "func": "exit_gracefully"},
}


def test_a_tripped_safeguard_of_chaos_toolkit_alone_leaves_the_fault(
    chaos: ChaosRun, experiments: Experiments
) -> None:
    waits = experiments.python("waits", "time.sleep(60)")
    assert chaos.run(experiments.plain(SAFEGUARD, waits, pause=0)) == 1
    assert chaos.toxics() == ["hang"]


def test_with_our_control_a_tripped_safeguard_is_followed_by_the_rollbacks(
    chaos: ChaosRun, experiments: Experiments
) -> None:
    waits = experiments.python("waits", "time.sleep(60)")
    plain = experiments.plain(SAFEGUARD, waits, pause=0)
    assert chaos.run(experiments.supervised(plain)) == 1
    assert chaos.toxics() == []


def continuous(experiments: Experiments) -> dict[str, Any]:
    """The platform is broken at once, and an action goes on for six seconds."""
    steady = {**experiments.asks("/chart"), "type": "probe"}
    breaks = {"type": "http", "url": f"{experiments.session.base_url}/mode/error"}
    long = experiments.python("long", "time.sleep(6)")
    plain = experiments.plain(
        {"type": "action", "name": "breaks", "provider": breaks}, long, pause=0
    )
    return {**plain, "steady-state-hypothesis": {"title": "answered", "probes": [steady]}}


FAIL_FAST = [
    "--hypothesis-strategy",
    "continuously",
    "--hypothesis-frequency",
    "0.2",
    "--fail-fast",
]


@pytest.mark.parametrize("supervised", [False, True])
def test_fail_fast_cuts_an_activity_short_only_with_our_control(
    chaos: ChaosRun, experiments: Experiments, platform: SmallPlatform, *, supervised: bool
) -> None:
    experiment = continuous(experiments)
    wanted = experiments.supervised(experiment) if supervised else experiment
    process = chaos.start(wanted, *FAIL_FAST)
    chaos.until(lambda: platform.mode == "error", "the platform was never broken")
    broken = time.monotonic()
    chaos.until(lambda: not chaos.toxics(), "the fault was never healed")
    took = time.monotonic() - broken
    assert process.wait(GUARD) == 1
    assert took < PROMPT + 1 if supervised else took > 5


def test_a_breach_heals_and_interrupts_in_the_middle_of_an_action(
    chaos: ChaosRun, experiments: Experiments, platform: SmallPlatform
) -> None:
    waits = experiments.python("waits", "time.sleep(60)")
    guarded = experiments.ours(waits, pause=0, guards=[experiments.asks("/chart", every="200ms")])
    process = chaos.start_under_fault({**guarded, "rollbacks": [experiments.mark()]})
    platform.mode = "error"
    broken = time.monotonic()
    chaos.until(lambda: not chaos.toxics(), "the fault stayed", PROMPT)
    assert process.wait(GUARD) == 1
    assert time.monotonic() - broken < 20, "the action of 60 s was not interrupted"
    assert experiments.marked, "the rollbacks were played"
    [breached] = chaos.events("guard-breached")
    [healed] = chaos.events("guard-healed")
    assert (breached["experiment"], breached["guard"], breached["blind"]) == ("hang", "asks", False)
    assert (healed["healed"], healed["left"]) == (["platform-store hang"], "")
    assert healed["seconds"] < PROMPT
    [ended] = [e for e in chaos.events("activity-ended") if e["activity"] == "waits"]
    assert ended["status"] == "interrupted"
    assert chaos.journal is not None
    assert chaos.journal["status"] == "interrupted"


def test_a_breach_heals_what_others_than_our_actions_broke(
    chaos: ChaosRun, experiments: Experiments, platform: SmallPlatform
) -> None:
    waits = experiments.python("waits", "time.sleep(60)")
    guards = [experiments.asks("/chart", every="200ms")]
    plain = experiments.plain(waits, pause=0)
    process = chaos.start_under_fault(experiments.supervised(plain, guards=guards))
    platform.mode = "error"
    chaos.until(lambda: not chaos.toxics(), "the fault stayed", PROMPT)
    assert process.wait(GUARD) == 1


def test_the_rollbacks_do_not_wait_for_an_activity_in_the_background(
    chaos: ChaosRun, experiments: Experiments, platform: SmallPlatform
) -> None:
    sleeps = experiments.python("sleeps", "time.sleep(25)", background=True)
    guarded = experiments.ours(sleeps, pause=0, guards=[experiments.asks("/chart", every="200ms")])
    process = chaos.start_under_fault({**guarded, "rollbacks": [experiments.mark()]})
    platform.mode = "error"
    chaos.until(lambda: not chaos.toxics(), "the fault stayed", PROMPT)
    chaos.until(lambda: experiments.marked, "the rollbacks waited", 15)
    assert process.poll() is None, "the process waits for the one in the background"
    assert process.wait(GUARD) == 1


BLIND = {
    "raises": "flag = Path('blind'); assert not flag.exists(), 'the meter is gone'; return True",
    "hangs": "time.sleep(60 if Path('blind').exists() else 0); return True",
}


@pytest.mark.parametrize("way", sorted(BLIND))
def test_a_blind_guard_is_a_breach(chaos: ChaosRun, experiments: Experiments, way: str) -> None:
    probe = experiments.python(way, BLIND[way])["provider"]
    guard = {"name": way, "provider": probe, "tolerance": True, "every": "200ms"}
    process = chaos.start_under_fault(experiments.ours(guards=[guard]))
    assert not chaos.events("guard-breached")
    (chaos.session.workspace / "blind").touch()
    chaos.until(lambda: not chaos.toxics(), "the fault stayed", PROMPT + 1)
    assert process.wait(GUARD) == 1
    [breached] = chaos.events("guard-breached")
    assert (breached["guard"], breached["blind"]) == (way, True)
    assert ("the meter is gone" if way == "raises" else "no answer for 0.") in breached["reason"]


@pytest.mark.parametrize("mode", ["error", "hang"])
def test_nothing_is_broken_when_a_guard_is_breached_before(
    chaos: ChaosRun, experiments: Experiments, platform: SmallPlatform, mode: str
) -> None:
    platform.mode = mode
    guarded = experiments.ours(guards=[experiments.asks("/chart")])
    assert chaos.run(guarded) == 1
    assert not chaos.events("fault-injected")
    [breached] = chaos.events("guard-breached")
    assert breached["blind"] is (mode == "hang")


def test_a_guard_goes_on_while_the_steady_state_is_measured_under_the_fault(
    chaos: ChaosRun, experiments: Experiments, platform: SmallPlatform
) -> None:
    once = "flag = Path('once'); time.sleep(60 if flag.exists() else 0); flag.touch(); return True"
    steady = {**experiments.python("steady", once), "type": "probe", "tolerance": True}
    guarded = experiments.ours(pause=0, guards=[experiments.asks("/chart")])
    hypothesis = {"title": "steady", "probes": [steady]}
    process = chaos.start_under_fault({**guarded, "steady-state-hypothesis": hypothesis})
    platform.mode = "error"
    chaos.until(lambda: not chaos.toxics(), "the fault stayed", PROMPT)
    assert process.wait(GUARD) == 1
    assert [e["status"] for e in chaos.events("activity-ended") if e["stage"] == "oracle"] == [
        "interrupted"
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"evry": "1s"}, 'unknown key guards.0.evry. Did you mean "every"?'),
        ({"every": "0s"}, "not an interval"),
        ({"provider": {"type": "python", "module": "nowhere", "func": "f"}}, "nowhere"),
    ],
)
def test_a_wrong_guard_stops_the_experiment_before_anything_is_broken(
    chaos: ChaosRun, experiments: Experiments, change: dict[str, Any], sentence: str
) -> None:
    process = chaos.start(experiments.ours(guards=[experiments.asks("/chart", **change)]))
    output, _ = process.communicate(timeout=GUARD)
    assert process.returncode == 1
    assert sentence in output
    assert not chaos.events("fault-injected")


def test_a_session_is_not_needed_for_a_guard(
    chaos: ChaosRun, experiments: Experiments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEBLUE_SESSION", "/nowhere/session.json")
    guards = [experiments.asks("/chart")]
    plain = {**experiments.plain(pause=0), "method": []}
    process = chaos.start(experiments.supervised(plain, guards=guards))
    output, _ = process.communicate(timeout=GUARD)
    assert process.returncode == 0, output
    assert "no platform is up here" in output
    assert httpx.get(f"{chaos.session.base_url}/chart").is_success
