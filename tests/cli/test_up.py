"""``codeblue up`` on the reference platform, and the native tools on what it started."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from codeblue.journal import read_events

from .conftest import CodeblueCommand, ended, family_of, until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/use-the-native-tools.md"
NATIVE = [
    shlex.split(line)
    for line in re.findall(r"^\$ ((?:chaos|locust) .+)$", PAGE.read_text(), re.MULTILINE)
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as a workspace elsewhere, so that a platform that is up here is left alone."""
    root = tmp_path_factory.mktemp("up") / "a workspace"
    root.mkdir()
    for name in ("codeblue.toml", "scenarios", "experiments", "synthetic_data", "reports"):
        (root / name).symlink_to(ROOT / name)
    (root / "reference_platform").symlink_to(ROOT / "reference_platform")
    return root


@pytest.fixture(scope="module")
def up(workspace: Path) -> Iterator[dict[str, str]]:
    """The session file of a platform that is up in ``workspace``."""
    command = [sys.executable, "-m", "codeblue.cli", "up", "--profile", "production"]
    process = subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, text=True)
    stored = workspace / ".codeblue" / "up.json"
    assert until(stored.exists, 120)
    yield json.loads(stored.read_bytes())
    family = family_of(process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "nothing is left running" in out
    assert until(lambda: ended(family), 5)
    assert not stored.exists()


@pytest.fixture
def environment() -> dict[str, str]:
    bin_folder = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}


def test_the_platform_answers_with_its_patients(up: dict[str, str], workspace: Path) -> None:
    port = up["variables"]["ports"]["gateway"]  # type: ignore[index]
    assert httpx.get(f"http://127.0.0.1:{port}/health/ready").is_success
    seeded = [event for event in read_events(Path(up["run"])) if event["kind"] == "seeded"]
    assert [len(event["patients"]) for event in seeded] == [40, 20]


@pytest.mark.parametrize("command", NATIVE, ids=lambda words: words[0])
def test_a_native_tool_works_as_it_is(
    up: dict[str, str], workspace: Path, environment: dict[str, str], command: list[str]
) -> None:
    done = subprocess.run(
        command,
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if command[0] == "chaos":
        assert json.loads((workspace / "journal.json").read_bytes())["status"] == "completed"
        assert read_events(Path(up["run"]))[-1]["kind"] in ("activity", "fault-healed")


def test_a_second_platform_in_the_same_workspace_is_refused(
    up: dict[str, str], workspace: Path, codeblue: CodeblueCommand
) -> None:
    done = codeblue("up", cwd=workspace)
    assert done.returncode == 2
    assert "already up here" in done.stderr


def test_nothing_of_a_session_that_was_killed_is_left(
    workspace: Path, codeblue: CodeblueCommand, tmp_path: Path
) -> None:
    root = tmp_path / "another"
    root.mkdir()
    for entry in workspace.iterdir():
        if entry.is_symlink():
            (root / entry.name).symlink_to(entry.resolve())
    command = [sys.executable, "-m", "codeblue.cli", "up"]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, text=True)
    assert until((root / ".codeblue" / "up.json").exists, 120)
    family = family_of(process)
    assert any("postgres" in member.name() for member in family)
    process.kill()
    process.wait()
    assert until(lambda: ended(family), 2.5), [m.cmdline() for m in family if m.is_running()]
