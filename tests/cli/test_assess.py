from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import CodeblueCommand

pytestmark = pytest.mark.slow

WorkspaceFactory = Callable[..., Path]

INCONCLUSIVE = """
    import pytest

    @pytest.mark.check(id="control-fails", title="Its control fails", risk="load")
    def test_it(check, platform):
        with check.control():
            assert not platform.base_url
        check.judge(broke=False, measured="x", threshold="y")

    @pytest.mark.check(id="later", title="Only in the full suite", risk="load", suite="full")
    def test_later(check, platform):
        raise RuntimeError("it must not run")
    """


def test_json_is_one_object_and_nothing_else(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    done = codeblue("assess", "--json", cwd=make_workspace())
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer) == {"run", "profile", "verdict", "exit", "seconds", "report", "checks"}
    assert (answer["verdict"], answer["exit"]) == ("held", 0)
    assert Path(answer["report"]).is_file()
    [check] = answer["checks"]
    assert set(check) == {
        *("id", "risk", "examines", "verdict", "measured", "threshold", "seconds"),
    }
    assert check["examines"] == ["a_switch"]


def test_a_platform_that_breaks_exits_1_and_names_the_gap(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    workspace = make_workspace()
    done = codeblue("assess", "--profile", "pilot", cwd=workspace)
    assert done.returncode == 1
    assert "BROKE" in done.stdout
    assert "a_switch" in done.stdout
    [run] = (workspace / ".codeblue" / "runs").iterdir()
    for name in ("report.html", "report.md", "report.json", "junit.xml"):
        assert (run / name).stat().st_size


def test_a_failed_control_is_inconclusive_and_what_was_left_out_stays_visible(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    done = codeblue("assess", "--json", cwd=make_workspace(INCONCLUSIVE))
    assert done.returncode == 3
    verdicts = {check["id"]: check["verdict"] for check in json.loads(done.stdout)["checks"]}
    assert verdicts == {"control-fails": "inconclusive", "later": "not exercised"}


def test_a_run_in_which_nothing_ran_is_not_green(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    done = codeblue("assess", "--only", "no_such_check", "--json", cwd=make_workspace())
    assert done.returncode == 5
    assert json.loads(done.stdout)["verdict"] == "inconclusive"


def test_plain_pytest_runs_the_same_checks_with_the_same_exit_code(
    make_workspace: WorkspaceFactory,
) -> None:
    import subprocess
    import sys

    workspace = make_workspace()
    command = [sys.executable, "-m", "pytest", "scenarios", "experiments", "--profile", "pilot"]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert "report: " in done.stdout


def test_a_report_can_be_written_again_from_the_journal_alone(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    workspace = make_workspace()
    codeblue("assess", "--profile", "pilot", cwd=workspace)
    [run] = (workspace / ".codeblue" / "runs").iterdir()
    before = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    done = codeblue("report", run.name[:15], cwd=workspace)
    assert done.returncode == 1
    assert (run / "report.html").read_bytes() == before


def test_the_gap_is_shown_when_production_held_and_the_pilot_broke(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    done = codeblue("assess", "--gap", cwd=make_workspace())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Pilot to production" in done.stdout
    [line] = [line for line in done.stdout.splitlines() if line.startswith("table ")]
    assert Path(line.removeprefix("table").strip()).is_file()
