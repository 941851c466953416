"""The library on a platform that is not ours: its codeblue.toml names an edge, and that is all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EDGE = "gateway-records"
TARGET = """
[target]
name = "Northside, a stand-in"
base_url = "http://127.0.0.1:{port.desk}"
fhir = "/fhir"
allow = ["127.0.0.1"]

[target.start]
command = [
    "{python}", "stand_in.py", "{profile}", "{port.desk}", "{port.store}", "{edge.gateway-records}",
]
ready = "/ready"
timeout = "60s"

[tenants.northside]
patients = 20
roles = { clinician = "env:NORTHSIDE_TOKEN" }

[edges.gateway-records]
upstream = "127.0.0.1:{port.store}"
listen = "127.0.0.1:{port.edge}"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("not ours")
    (folder / "codeblue.toml").write_text(TARGET)
    (folder / "scenarios").mkdir()
    shutil.copy(Path(__file__).with_name("stand_in.py"), folder)
    shutil.copytree(ROOT / "experiments" / EDGE, folder / "experiments" / EDGE)
    return folder


def assess(workspace: Path, profile: str) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "codeblue.cli", "assess", "--json"]
    done = subprocess.run(
        [*command, "--profile", profile, "--suite", "full"],
        cwd=workspace,
        env={**os.environ, "NORTHSIDE_TOKEN": "a secret"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return {check["id"]: check for check in json.loads(done.stdout)["checks"]}


def test_it_holds_where_the_platform_is_careful(workspace: Path) -> None:
    checks = assess(workspace, "careful")
    assert {name: check["verdict"] for name, check in checks.items()} == {
        "records-drip": "pass",
        "records-hang": "pass",
        "records-lossy": "pass",
    }, {name: check["measured"] for name, check in checks.items()}


def test_it_breaks_where_the_platform_is_trusting(workspace: Path) -> None:
    checks = assess(workspace, "trusting")
    assert checks["records-hang"]["verdict"] == "fail", checks["records-hang"]["measured"]
    assert checks["records-drip"]["verdict"] == "fail", checks["records-drip"]["measured"]
    assert "timeouts_deadlines" in checks["records-hang"]["examines"]
