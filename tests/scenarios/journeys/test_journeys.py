"""The journeys that ship, on the reference platform: as plain Locust users, and under a load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from codeblue.checks.history import check_histories
from codeblue.checks.ledger import reconcile
from codeblue.load import LoadPlan, Stream, run_load
from codeblue.load.ledger import read_ledger, read_operations, read_unconfirmed
from codeblue.session import Session

JOURNEYS = Path(__file__).parents[3] / "scenarios" / "journeys"
FILES = sorted(JOURNEYS.glob("*.py"))
NAMES = [path.stem.replace("_", "-") for path in FILES]
# Every journey has arrivals with this seed, and they come one by one: a burst of them all is more
# than the platform lets in on a busy machine, where batches wait for the bedside.
SEED = 12
NOTHING = dict.fromkeys(NAMES, 0)
# What the journeys write, and whether they always do.
WRITES = {
    "Consent": False,
    "Encounter": True,
    "MedicationRequest": False,
    "Observation": True,
    "allergy": False,
    "appointment": True,
    "letter": True,
    "order": True,
    "referral": True,
    "visit": True,
}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_is_one_journey_of_its_name(path: Path) -> None:
    """Locust and the load find it by that; two users of one name would be one to Locust."""
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes] == [path.stem.title().replace("_", "")]


@pytest.mark.slow
def test_all_journeys_succeed_under_a_load_and_the_platform_keeps_its_word(
    platform: Session,
) -> None:
    streams = {name: Stream(rate=1.2) for name in NAMES}
    plan = LoadPlan(label="all", journeys=streams, seconds=3, seed=SEED, drain=20)
    result = run_load(platform, plan)
    assert all(each.issued for each in result.journeys.values())
    assert {name: each.issued - each.ok for name, each in result.journeys.items()} == NOTHING
    kinds = Counter(entry.kind for entry in read_ledger(platform.run.path, "all"))
    assert kinds.keys() <= WRITES.keys()
    assert kinds.keys() >= {kind for kind, always in WRITES.items() if always}
    assert not list(read_unconfirmed(platform.run.path, "all"))
    ledger = reconcile(platform, "all")
    assert (ledger.kept, ledger.unknown) == (sum(kinds.values()), 0)
    steps = Counter(step.outcome for step in read_operations(platform.run.path, "all"))
    assert steps.keys() == {"ok"}
    assert not check_histories(platform, "all").broke


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["production"], indirect=True)
def test_all_journeys_run_under_native_locust(platform: Session) -> None:
    files = ",".join(str(path) for path in FILES)
    users = str(len(FILES))
    command = [sys.executable, "-m", "locust", "-f", files, "--headless", "--only-summary"]
    done = subprocess.run(
        [*command, "-u", users, "-r", users, "-t", "6s", "--stop-timeout", "10"],
        cwd=platform.workspace,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    for asked in ("chart", "/v1/fhir ", "ADT^A03", "/v1/auth/token", "metadata", "exports"):
        assert asked in output
