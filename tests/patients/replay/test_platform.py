"""Replay into the reference platform, as a user does it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
CODEBLUE = [sys.executable, "-m", "codeblue.cli"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace in which the platform is up; elsewhere, so that one that is up here stays."""
    root = tmp_path_factory.mktemp("replay")
    for name in ("codeblue.toml", "synthetic_data", "reference_platform"):
        (root / name).symlink_to(ROOT / name)
    process = subprocess.Popen([*CODEBLUE, "up"], cwd=root, stdout=subprocess.DEVNULL)
    stored, patience = root / ".codeblue" / "up.json", time.monotonic() + 120
    while not stored.exists() and process.poll() is None and time.monotonic() < patience:
        time.sleep(0.1)
    assert stored.exists()
    yield root
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0


def replay(workspace: Path, *arguments: str) -> dict[str, dict[str, int]]:
    command = [*CODEBLUE, "data", "replay", "--json", "--speed", "1e6", *arguments]
    environment = {**os.environ, "CODEBLUE_SESSION": ""}
    done = subprocess.run(
        command, cwd=workspace, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, dict[str, int]] = json.loads(done.stdout)["answers"]
    return answers


def test_results_go_to_the_platform_that_is_up(workspace: Path) -> None:
    answers = replay(workspace, "--hours", "120", "--types", "ORU^R01")
    assert set(answers["fhir"]) == {"200"}
    assert answers["fhir"]["200"] > 5


def test_messages_go_to_an_edge_by_its_name(workspace: Path) -> None:
    feed = ("--mllp", "ehr-hub", "--tenant", "riverside", "--hours", "120")
    known = replay(workspace, *feed, "--types", "ADT^A01,ADT^A02,ADT^A08,ADT^A03")
    assert set(known["mllp"]) == {"AA"}
    assert known["mllp"]["AA"] > 5
    unknown = replay(workspace, *feed, "--types", "ADT^A04")
    assert set(unknown["mllp"]) == {"AR"}
