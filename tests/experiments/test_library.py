"""Every experiment that ships: valid for Chaos Toolkit as it is, and whole for codeblue."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from chaoslib.experiment import ensure_experiment_is_valid

from codeblue.chaos import read_extension

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "experiments").glob("*/*.yaml"))
EDGES = tomllib.loads((ROOT / "codeblue.toml").read_text())["edges"]

each = pytest.mark.parametrize("path", LIBRARY, ids=lambda path: f"{path.parent.name}/{path.stem}")


def read(path: Path) -> dict[str, Any]:
    fields: dict[str, Any] = yaml.safe_load(path.read_text())
    return fields


def calls(activities: list[dict[str, Any]], func: str) -> list[dict[str, Any]]:
    providers = [activity["provider"] for activity in activities]
    return [provider["arguments"] for provider in providers if provider["func"] == func]


@each
def test_chaos_toolkit_accepts_it_as_it_is(path: Path) -> None:
    ensure_experiment_is_valid(read(path))


@each
def test_it_says_what_it_examines_and_what_it_means(path: Path) -> None:
    experiment = read(path)
    assert read_extension(path).risk == "failures"
    assert experiment["contributions"]
    assert {"failures", path.parent.name} <= set(experiment["tags"])


@each
def test_it_breaks_the_edge_of_its_folder(path: Path) -> None:
    (injected,) = calls(read(path)["method"], "inject")
    assert injected["edge"] == path.parent.name
    assert injected["edge"] in EDGES


@each
def test_it_heals_whatever_happens_and_watches_the_recovery(path: Path) -> None:
    experiment = read(path)
    assert experiment["runtime"] == {"rollbacks": {"strategy": "always"}}
    assert [control["provider"]["module"] for control in experiment["controls"]] == [
        "codeblue.chaos.control"
    ]
    assert calls(experiment["rollbacks"], "heal") == [{"edge": path.parent.name}]
    assert calls(experiment["rollbacks"], "wait_until_recovered")[0]["within"] == "10s"


def test_every_id_is_used_once() -> None:
    ids = [read_extension(path).id for path in LIBRARY]
    assert len(ids) == len(set(ids)) == len(LIBRARY) > 0
