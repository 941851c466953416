"""How ``chaos run`` ends when something failed on the way: alone, and with our control."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import ChaosRun, Experiments

pytestmark = pytest.mark.slow

GUARD = 60.0


@pytest.mark.parametrize(("supervised", "code"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("where", ["method", "rollbacks"])
def test_a_failed_activity_exits_with_0_only_without_our_control(
    chaos: ChaosRun, experiments: Experiments, where: str, code: int, *, supervised: bool
) -> None:
    fails = experiments.python("fails", "raise RuntimeError('no')")
    plain = experiments.plain(pause=0)
    plain = {**plain, where: [*plain[where], fails]}
    assert chaos.run(experiments.supervised(plain) if supervised else plain) == code
    assert chaos.journal is not None
    assert chaos.journal["status"] == ("failed" if supervised else "completed")


@pytest.mark.parametrize(("supervised", "code"), [(False, 0), (True, 1)])
def test_a_rollback_that_misses_leaves_its_fault_and_exits_with_0_only_without_our_control(
    chaos: ChaosRun, experiments: Experiments, code: int, *, supervised: bool
) -> None:
    plain = {**experiments.plain(pause=0), "rollbacks": [experiments.remove("hanging")]}
    assert chaos.run(experiments.supervised(plain) if supervised else plain) == code
    assert chaos.toxics() == ([] if supervised else ["hang"])
    healed = [(e["type"], e["verified"]) for e in chaos.events("fault-healed")]
    assert healed == ([("hang", True)] if supervised else [])


@pytest.mark.parametrize(("supervised", "code"), [(False, 0), (True, 4)])
def test_a_fault_left_behind_exits_with_4_and_the_toolkit_writes_its_journal(
    chaos: ChaosRun,
    experiments: Experiments,
    fault_proxy: subprocess.Popen[bytes],
    code: int,
    *,
    supervised: bool,
) -> None:
    kill = {"type": "process", "path": "kill", "arguments": f"-STOP {fault_proxy.pid}"}
    freezes = {"type": "action", "name": "freezes", "provider": kill}
    alone = {**experiments.plain(freezes, pause=0), "rollbacks": []}
    process = chaos.start(experiments.ours(freezes, pause=0) if supervised else alone)
    output, _ = process.communicate(timeout=GUARD)
    assert process.returncode == code, output
    assert chaos.journal is not None
    if supervised:
        assert "still in place" in output
        assert [event["verified"] for event in chaos.events("fault-healed")] == [False]


def test_an_experiment_in_which_all_is_well_exits_with_0(
    chaos: ChaosRun, experiments: Experiments
) -> None:
    assert chaos.run(experiments.ours(pause=0)) == 0
    assert chaos.toxics() == []
    assert chaos.journal is not None
    assert chaos.journal["status"] == "completed"
    assert [event["verified"] for event in chaos.events("fault-healed")] == [True]
