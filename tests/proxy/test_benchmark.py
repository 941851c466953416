"""The benchmark of the proxy runs, and healing stays within its bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_500_broken_connections_are_healed_and_the_rest_is_measured() -> None:
    command = [sys.executable, "-m", "benchmarks.proxy", "--rounds", "1", "--heals", "2"]
    environment = os.environ | {"PATH": os.defpath}  # without the real server
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    healed, silent = found.pop("heal_p99_ms"), found.pop("lease_heal_s")
    assert 0 < healed < 2000
    assert 1.5 <= silent < 3.5
    assert found.pop("http_vs_direct") > 0
    assert found == {"added_rtt_vs_real": None, "cpu_vs_real": None, "mbps_vs_real": None}
