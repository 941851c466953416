from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codeblue.journal import read_events

pytestmark = pytest.mark.slow

WorkspaceFactory = Callable[..., Path]

ROOT = Path(__file__).parents[2]

TWICE = """
    import pytest

    @pytest.mark.check(id="same", title="One", risk="load")
    def test_one(check): ...

    @pytest.mark.check(id="same", title="Another", risk="load")
    def test_another(check): ...
    """

UNHEALED = """
    import pytest
    from codeblue.errors import UnhealedError

    @pytest.mark.check(id="left", title="A fault is left", risk="failures")
    def test_left(check, platform):
        with check.control():
            pass
        with check.stressor():
            platform.journal.event("fault-healed", fault="f", edge="e", type="t", verified=False)
            raise UnhealedError("edge e: t is still in place.")

    @pytest.mark.check(id="after", title="It must not run", risk="load")
    def test_after(check, platform):
        with check.control():
            pass
        check.judge(broke=False, measured="1", threshold="1")
    """

CRASH = """
    import pytest

    @pytest.mark.check(id="crash", title="Its oracle crashes", risk="load")
    def test_crash(check, platform):
        with check.control():
            pass
        with check.oracle():
            raise KeyError("x")

    @pytest.mark.check(id="silent", title="It never judges", risk="load")
    def test_silent(check, platform):
        pass

    @pytest.mark.check(id="uncontrolled", title="It judges without a control", risk="load")
    def test_uncontrolled(check, platform):
        check.judge(broke=False, measured="1", threshold="1")
    """


def prove(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CODEBLUE_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "scenarios", *arguments],
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def verdicts(workspace: Path) -> dict[str, tuple[str, str]]:
    [run] = (workspace / ".codeblue" / "runs").iterdir()
    return {
        event["id"]: (event["verdict"], event["reason"])
        for event in read_events(run)
        if event["kind"] == "check-finished"
    }


def test_a_crash_a_silence_and_a_missing_control_prove_nothing(
    make_workspace: WorkspaceFactory,
) -> None:
    workspace = make_workspace(CRASH)
    done = prove(workspace)
    assert done.returncode == 3, done.stdout
    found = verdicts(workspace)
    assert {verdict for verdict, _ in found.values()} == {"inconclusive"}
    assert "the oracle crashed: KeyError" in found["crash"][1]
    assert "without a judgement" in found["silent"][1]
    assert "without a control" in found["uncontrolled"][1]


def test_a_fault_that_is_left_stops_the_run_with_its_own_exit_code(
    make_workspace: WorkspaceFactory,
) -> None:
    workspace = make_workspace(UNHEALED)
    done = prove(workspace)
    assert done.returncode == 4, done.stdout
    assert set(verdicts(workspace)) == {"left"}


@pytest.mark.parametrize(
    ("scenario", "arguments", "sentence"),
    [
        (TWICE, [], 'the check id "same" is also that of'),
        (TWICE.replace('risk="load"', 'risk="laod"'), [], 'unknown risk "laod". Did you mean'),
        (TWICE.replace('title="One", ', ""), [], "its check marker has no title"),
        (CRASH, ["--run-directory", "nowhere"], "there is no such folder"),
    ],
)
def test_a_mistake_in_a_check_is_one_sentence(
    make_workspace: WorkspaceFactory, scenario: str, arguments: list[str], sentence: str
) -> None:
    done = prove(make_workspace(scenario), *arguments)
    assert done.returncode == 2
    assert sentence in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "checks"),
    [
        ("idempotency", {"test_a_retried_order_is_placed_once", "a_repeated_and_reordered_feed"}),
        ("insurer-hangs", {"insurer-hangs"}),
        ("compliance", {"test_tenants_do_not_see_each_other"}),
    ],
)
def test_a_check_is_chosen_by_its_id_its_risk_or_its_decisions(
    words: str, checks: set[str]
) -> None:
    command = ["scenarios", "experiments", "--collect-only", "-q", "-o", "addopts=", "-k", words]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "--import-mode=importlib", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    chosen = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(chosen) == len(checks), done.stdout
    assert all(any(check in line for line in chosen) for check in checks)


def test_ordinary_tests_start_nothing(make_workspace: WorkspaceFactory) -> None:
    workspace = make_workspace("def test_plain():\n    assert True\n")
    assert prove(workspace).returncode == 0
    assert not (workspace / ".codeblue").exists()
