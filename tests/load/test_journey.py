"""The journeys that ship, as plain Locust users and under a planned load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codeblue.load import LoadPlan, run_load
from codeblue.load.ledger import read_ledger
from codeblue.session import Session

JOURNEYS = Path(__file__).parents[2] / "scenarios" / "journeys"
NAMES = ["admission", "booking", "chart-review", "eligibility", "ordering"]

pytestmark = pytest.mark.slow


def test_a_journey_runs_under_native_locust(session: Session) -> None:
    files = ",".join(str(path) for path in sorted(JOURNEYS.glob("*.py")))
    command = [sys.executable, "-m", "locust", "-f", files, "--headless", "--only-summary"]
    done = subprocess.run(
        [*command, "-u", "5", "-r", "5", "-t", "5s"],
        cwd=session.workspace,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for path in ("chart", "Encounter", "Observation", "appointments", "eligibility", "orders"):
        assert path in done.stdout + done.stderr


def test_the_journeys_hold_the_platform_to_their_writes(session: Session) -> None:
    plan = LoadPlan(
        label="all", journeys=dict.fromkeys(NAMES, 10), seconds=1, arrivals="constant", seed=1
    )
    result = run_load(session, plan)
    assert result.failed == result.in_flight == result.dropped == 0
    kinds = [entry.kind for entry in read_ledger(session.run.path, "all")]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "Encounter": 10,
        "Observation": 20,
        "appointment": 10,
        "order": 10,
    }
    assert result.journeys["admission"].issued == 30
