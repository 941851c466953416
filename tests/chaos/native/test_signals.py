"""``chaos run`` that is killed or told to stop: Chaos Toolkit alone, and with our control."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import ChaosRun, Experiments

pytestmark = pytest.mark.slow

# Longer than any lease, and a generous guard where something has to happen.
EXPIRED = 4.0
GUARD = 30.0
SIGNALS = [signal.SIGINT, signal.SIGTERM]


def test_killed_chaos_toolkit_alone_leaves_its_fault_and_no_journal(
    chaos: ChaosRun, experiments: Experiments
) -> None:
    process = chaos.start_under_fault(experiments.plain())
    process.kill()
    process.wait(GUARD)
    time.sleep(EXPIRED)
    assert chaos.toxics() == ["hang"]
    assert chaos.journal is None


def test_a_killed_run_of_ours_heals_and_leaves_its_journal(
    chaos: ChaosRun, experiments: Experiments
) -> None:
    process = chaos.start_under_fault(experiments.ours())
    time.sleep(EXPIRED)
    assert chaos.toxics(), "a living run keeps its fault"
    process.kill()
    process.wait(GUARD)
    chaos.until(lambda: not chaos.toxics(), "the fault outlived its owner")
    assert [e["activity"] for e in chaos.events("activity-began")] == ["hang"]
    assert [e["type"] for e in chaos.events("fault-injected")] == ["hang"]
    assert not chaos.events("activity-ended"), "it was killed in the pause of its action"


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_chaos_toolkit_alone_leaves_its_fault(
    chaos: ChaosRun, experiments: Experiments, number: signal.Signals
) -> None:
    process = chaos.start_under_fault(experiments.plain())
    process.send_signal(number)
    process.wait(GUARD)
    time.sleep(EXPIRED)
    assert chaos.toxics() == ["hang"]
    assert chaos.journal is not None
    assert chaos.journal["rollbacks"] == []


@pytest.mark.parametrize("number", SIGNALS)
def test_with_our_control_the_rollbacks_of_any_file_are_played(
    chaos: ChaosRun, experiments: Experiments, number: signal.Signals
) -> None:
    process = chaos.start_under_fault(experiments.supervised(experiments.plain()))
    process.send_signal(number)
    assert process.wait(GUARD) == 1
    assert chaos.toxics() == []
    assert chaos.journal is not None
    assert [run["status"] for run in chaos.journal["rollbacks"]] == ["succeeded"]


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_run_of_ours_heals_before_it_ends(
    chaos: ChaosRun, experiments: Experiments, number: signal.Signals
) -> None:
    process = chaos.start_under_fault(experiments.ours())
    process.send_signal(number)
    process.wait(GUARD)
    assert chaos.toxics() == []
    assert [event["verified"] for event in chaos.events("fault-healed")] == [True]


def test_chaos_toolkit_alone_files_sigterm_in_an_activity_as_its_failure_and_exits_with_0(
    chaos: ChaosRun, experiments: Experiments
) -> None:
    waits = experiments.python("waits", "time.sleep(60)")
    process = chaos.start_under_fault(experiments.plain(waits, experiments.mark(), pause=0))
    process.send_signal(signal.SIGTERM)
    assert process.wait(GUARD) == 0
    assert experiments.marked, "the experiment goes on with the next activity"


def test_with_our_control_sigterm_in_an_activity_ends_the_experiment(
    chaos: ChaosRun, experiments: Experiments
) -> None:
    waits = experiments.python("waits", "time.sleep(60)")
    plain = experiments.plain(waits, experiments.mark(), pause=0)
    process = chaos.start_under_fault(experiments.supervised(plain))
    process.send_signal(signal.SIGTERM)
    assert process.wait(GUARD) == 1
    assert not experiments.marked
    assert chaos.toxics() == []


@pytest.mark.parametrize("supervised", [False, True])
def test_a_signal_during_rollbacks_cuts_them_short_only_without_our_control(
    chaos: ChaosRun, experiments: Experiments, *, supervised: bool
) -> None:
    begun = experiments.session.workspace / "begun"
    slow = experiments.python("slow", f"Path({str(begun)!r}).touch(); time.sleep(2)")
    plain = {**experiments.plain(pause=0), "rollbacks": [slow, experiments.remove()]}
    process = chaos.start(experiments.supervised(plain) if supervised else plain)
    chaos.until(begun.exists, "the rollbacks never began")
    process.send_signal(signal.SIGINT)
    process.wait(GUARD)
    assert chaos.toxics() == ([] if supervised else ["hang"])
