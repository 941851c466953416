"""Every bad end is one clear line, leaves nothing behind, and still makes a report."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from codeblue.journal import read_events

from .conftest import CodeblueCommand, StartCodeblue, ended, family_of, until

pytestmark = pytest.mark.slow

WorkspaceFactory = Callable[..., Path]

SLOW = """
    import time
    import pytest

    @pytest.mark.check(id="quick", title="A quick one", risk="load")
    def test_quick(check, platform):
        with check.control():
            pass
        check.judge(broke=False, measured="1", threshold="1")

    @pytest.mark.check(id="slow", title="A slow one", risk="failures")
    def test_slow(check, platform):
        with check.control():
            pass
        with check.stressor():
            time.sleep(120)
    """

BIG = """
    import pytest

    @pytest.mark.check(id="big", title="Much evidence", risk="load")
    def test_big(check, platform):
        with check.control():
            pass
        check.judge(broke=False, measured="1", threshold="1", evidence={"much": "x" * 400_000})
    """


def run_of(workspace: Path) -> Path:
    [run] = (workspace / ".codeblue" / "runs").iterdir()
    return run


def in_the_slow_check(workspace: Path) -> bool:
    runs = list((workspace / ".codeblue" / "runs").glob("*"))
    return bool(runs) and any(
        event["kind"] == "stage" and event["stage"] == "stressor" for event in read_events(runs[0])
    )


@pytest.fixture
def mid_check(
    start_codeblue: StartCodeblue, make_workspace: WorkspaceFactory
) -> tuple[Path, subprocess.Popen[str], list[psutil.Process]]:
    """An assessment in the middle of a check, and everything it has started."""
    workspace = make_workspace(SLOW)
    process = start_codeblue("assess", cwd=workspace)
    assert until(lambda: in_the_slow_check(workspace))
    return workspace, process, family_of(process)


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 2])
def test_stopped_by_hand(
    mid_check: tuple[Path, subprocess.Popen[str], list[psutil.Process]], signals: list[int]
) -> None:
    workspace, process, family = mid_check
    assert len(family) >= 4  # the command, pytest, the guardian, the proxy, the platform
    for number in signals:
        process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "INCONCLUSIVE" in out
    assert until(lambda: ended(family), 5)
    run = run_of(workspace)
    assert "quick" in (run / "report.html").read_text()
    assert read_events(run)[-1]["reason"]


def test_kill_9_of_the_harness_leaves_nothing_and_a_report_can_be_made(
    mid_check: tuple[Path, subprocess.Popen[str], list[psutil.Process]],
    codeblue: CodeblueCommand,
) -> None:
    workspace, process, family = mid_check
    process.kill()
    assert until(lambda: ended(family), 2.5)
    done = codeblue("report", "latest", cwd=workspace)
    assert done.returncode == 3
    assert "quick" in done.stdout


def test_kill_9_of_the_checks_still_makes_a_report(
    mid_check: tuple[Path, subprocess.Popen[str], list[psutil.Process]],
) -> None:
    workspace, process, family = mid_check
    [checks] = [member for member in family[1:] if "pytest" in " ".join(member.cmdline())]
    os.kill(checks.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert until(lambda: ended(family), 2.5)
    assert "SIGKILL" in read_events(run_of(workspace))[-1]["reason"]


@pytest.mark.parametrize(
    ("change", "arguments", "code", "sentence"),
    [
        (("[target]", "[targe]"), [], 2, 'unknown section [targe]. Did you mean "target"?'),
        (("[target]", "[target"), [], 2, "not valid TOML"),
        (("", ""), ["--profile", "prodction"], 2, 'profile "prodction": no such profile'),
        (('"{python}", ', '"no-such-program", '), [], 3, "no-such-program: cannot be started"),
        (('ready = "/ready"', 'ready = "/ready"\ntimeout = "soon"'), [], 2, "not a duration"),
    ],
)
def test_what_is_wrong_is_one_line_that_says_where_and_what_to_do(
    codeblue: CodeblueCommand,
    make_workspace: WorkspaceFactory,
    change: tuple[str, str],
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    workspace = make_workspace()
    path = workspace / "codeblue.toml"
    path.write_text(path.read_text().replace(*change))
    done = codeblue("assess", *arguments, cwd=workspace)
    assert done.returncode == code, done.stdout + done.stderr
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert sentence in line


def test_without_a_workspace_the_command_says_so(codeblue: CodeblueCommand, tmp_path: Path) -> None:
    done = codeblue("assess", cwd=tmp_path)
    assert done.returncode == 2
    assert "no codeblue.toml here" in done.stderr


def test_an_unknown_command_gets_a_suggestion(codeblue: CodeblueCommand, tmp_path: Path) -> None:
    done = codeblue("asess", cwd=tmp_path)
    assert done.returncode == 2
    assert 'Did you mean "assess"?' in done.stderr


def test_a_toxiproxy_that_does_not_answer(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOXIPROXY_URL", "http://127.0.0.1:9")
    done = codeblue("assess", cwd=make_workspace())
    assert done.returncode == 3
    assert "error: TOXIPROXY_URL http://127.0.0.1:9: no Toxiproxy answers there" in done.stderr


def test_a_harness_that_fails_says_so_and_proves_nothing(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    workspace = make_workspace()
    (workspace / "conftest.py").write_text(
        "def pytest_runtest_setup(item):\n    pass\n"
        "def pytest_runtest_logreport(report):\n    raise OSError('out of file handles')\n"
    )
    done = codeblue("assess", cwd=workspace)
    assert done.returncode == 3
    assert "error: the harness failed: OSError: out of file handles" in done.stderr


def test_a_target_that_does_not_answer(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    toml = '[target]\nname = "gone"\nbase_url = "http://127.0.0.1:9"\n'
    done = codeblue("assess", cwd=make_workspace(toml=toml))
    assert done.returncode == 3
    assert "error: target http://127.0.0.1:9: does not answer" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_full_disk_ends_the_run_in_one_line(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    workspace = make_workspace(BIG)
    disk = workspace / ".codeblue"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        done = codeblue("assess", cwd=workspace)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert done.returncode == 3
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert "No space left on device" in errors[0]
    assert "Traceback" not in done.stdout + done.stderr
