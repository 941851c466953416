"""The main job on the reference platform, end to end through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def workspace_in(folder: Path) -> Path:
    """The repository as a workspace of its own, so that runs of a developer are left alone."""
    for name in ("codeblue.toml", "scenarios", "experiments", "synthetic_data", "reports"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "reference_platform").symlink_to(ROOT / "reference_platform")
    return folder


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `make assess` does: production held, and the pilot broke."""
    workspace = workspace_in(tmp_path_factory.mktemp("both of them"))
    command = [sys.executable, "-m", "codeblue.cli", "assess", "--gap", "--json"]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def pilot(both: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = both["pilot"]
    return report


def test_production_holds_in_every_check(both: dict[str, Any]) -> None:
    verdicts = {check["id"]: check["verdict"] for check in both["production"]["checks"]}
    assert {verdict for verdict in verdicts.values() if verdict != "not exercised"} == {"pass"}


def test_the_pilot_names_every_gap(pilot: dict[str, Any]) -> None:
    named = {
        switch
        for check in pilot["checks"]
        if check["verdict"] == "fail"
        for switch in check["examines"]
    }
    exercised = [check for check in pilot["checks"] if check["verdict"] != "not exercised"]
    assert named == {switch for check in exercised for switch in check["examines"]}
    assert named <= set(tomllib.loads((ROOT / "reports" / "switches.toml").read_text()))
    assert len(named) == 18


def test_every_risk_of_the_article_is_measured(pilot: dict[str, Any]) -> None:
    measured = {c["risk"] for c in pilot["checks"] if c["verdict"] in ("pass", "fail")}
    assert measured == set(tomllib.loads((ROOT / "reports" / "risks.toml").read_text()))


def test_the_four_forms_of_the_report_agree(pilot: dict[str, Any]) -> None:
    run = Path(pilot["report"]).parent
    assert json.loads((run / "report.json").read_bytes()) == pilot
    suite = ET.parse(run / "junit.xml").getroot()
    failed = {
        case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None
    }
    assert len(failed) == sum(check["verdict"] == "fail" for check in pilot["checks"])
    for check in pilot["checks"]:
        assert check["id"] in (run / "report.html").read_text()
        assert check["id"] in (run / "report.md").read_text()


def test_only_the_logs_of_the_platform_are_kept(pilot: dict[str, Any]) -> None:
    platform = Path(pilot["report"]).parent / "platform"
    assert [path.name for path in platform.iterdir()] == ["logs"]
