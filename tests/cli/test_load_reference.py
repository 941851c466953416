"""``codeblue load`` on the reference platform, as a user of this repository has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codeblue.load.ledger import read_ledger

from .conftest import CodeblueCommand

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

# Few enough for any machine: what is examined is that all of it works together.
FEW = """
title = "A few of everybody"
seconds = 4
lateness_bound = 5
arrivals = "constant"

[journeys]
chart-review = 2
admission = 0.5
booking = 0.5
eligibility = 0.5
ordering = 0.5
referral = 0.5
legacy-feed = 0.5
patient-portal = 0.5
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "a workspace"
    loads = root / "scenarios" / "load"
    loads.mkdir(parents=True)
    (loads / "few.toml").write_text(FEW)
    for name in ("codeblue.toml", "reference_platform", "synthetic_data"):
        (root / name).symlink_to(ROOT / name)
    toml = ROOT / "codeblue.toml"
    (root / "codeblue.toml").unlink()
    # Milliseconds belong to the machine.
    (root / "codeblue.toml").write_text(toml.read_text().partition("[objectives.")[0])
    return root


def test_all_journeys_work_together_and_everything_acknowledged_is_kept(
    codeblue: CodeblueCommand, workspace: Path
) -> None:
    done = codeblue("load", "--profile", "few", "--json", cwd=workspace)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    load = answer["load"]
    assert load["issued"] == load["ok"]
    assert {name: journey["issued"] for name, journey in load["journeys"].items()} == {
        "chart-review": 8,
        **dict.fromkeys(
            ("admission", "booking", "eligibility", "ordering", "referral", "legacy-feed"), 2
        ),
        "patient-portal": 2,
    }
    [run] = (workspace / ".codeblue" / "runs").iterdir()
    ledger = load["ledger"]["few"]
    assert ledger["kept"] == ledger["acknowledged"] == len(list(read_ledger(run, "few"))) > 0
    assert load["histories"]["few"]["anomalies"] == 0
    assert answer["profile"] == "production"
