"""What `codeblue data generate` writes, the platform loads and serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from codeblue.cli import main as codeblue
from codeblue.patients import load_population
from reference_platform.load.__main__ import main as load
from reference_platform.settings import Settings

from .conftest import Start

SIZE, SEED = 40, 20_311_103
KEPT = ("Patient", "Observation", "Encounter", "Condition", "MedicationRequest")


@pytest.mark.slow
def test_generated_patients_can_be_loaded_and_read(
    start: Start, backing: Settings, tmp_path: Path
) -> None:
    size = ("--patients", f"{SIZE}", "--seed", f"{SEED}")
    out = ("--resources", ",".join(KEPT), "--out", f"{tmp_path / 'out'}")
    done = CliRunner().invoke(codeblue, ["data", "generate", *size, *out])
    assert done.exit_code == 0, done.output
    files = [str(*tmp_path.glob(f"out/*/{kind}.*.ndjson")) for kind in KEPT]
    target = ("--url", str(backing.postgres_url), "--tenant", "hillside")
    assert load([*files, "--check", *target]) == 0
    people = load_population("pilot-clinic", size=SIZE, seed=SEED)
    with start("production").client("hillside") as client:
        for index in range(0, SIZE, 10):
            truth = people.patient(index)
            chart = client.get(f"/v1/patients/{truth.uuid}/chart").raise_for_status().json()
            assert chart["patient"]["name"][0]["family"] == truth.family
            assert len(chart["observations"]) == (10 if truth.measurements else 0)
