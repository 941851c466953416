"""Every experiment that ships: valid for Chaos Toolkit as it is, and whole for codeblue."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from chaoslib.experiment import ensure_experiment_is_valid

from codeblue.chaos import ExperimentMeta, actions, probes, read_extension, traffic
from codeblue.faults import make, place_kind

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "experiments").glob("*/*.yaml"))
TARGET = tomllib.loads((ROOT / "codeblue.toml").read_text())
PLACES = {"edge": set(TARGET["edges"]), "process": set(TARGET["processes"])}
SWITCHES = {path.stem for path in (ROOT / "reference_platform" / "decisions").glob("[a-z]*.py")}

each = pytest.mark.parametrize("path", LIBRARY, ids=lambda path: f"{path.parent.name}/{path.stem}")


def read(path: Path) -> dict[str, Any]:
    fields: dict[str, Any] = yaml.safe_load(path.read_text())
    return fields


def ours(path: Path) -> dict[str, Any]:
    (entry,) = [e for e in read(path)["extensions"] if e["name"] == "codeblue"]
    return dict(entry)


def calls(activities: list[dict[str, Any]], func: str) -> list[dict[str, Any]]:
    providers = [activity["provider"] for activity in activities]
    return [provider["arguments"] for provider in providers if provider["func"] == func]


def placed(arguments: dict[str, Any]) -> dict[str, Any]:
    return {kind: arguments[kind] for kind in PLACES if kind in arguments}


def probes_of(path: Path) -> Iterator[str]:
    for probe in read(path)["steady-state-hypothesis"]["probes"]:
        yield probe["provider"]["func"]


@each
def test_chaos_toolkit_accepts_it_as_it_is(path: Path) -> None:
    ensure_experiment_is_valid(read(path))


@each
def test_it_says_what_it_examines_and_what_it_means(path: Path) -> None:
    experiment, meta = read(path), read_extension(path)
    assert meta.risk == "failures"
    assert meta.threshold
    assert set(meta.examines) <= SWITCHES
    assert experiment["description"].strip()
    assert experiment["steady-state-hypothesis"]["title"]
    assert experiment["contributions"]
    assert {"failures", path.parent.name} <= set(experiment["tags"])


@each
def test_one_that_examines_nothing_says_why(path: Path) -> None:
    if not read_extension(path).examines:
        assert "# It examines no decision:" in path.read_text()


@each
def test_it_breaks_what_its_folder_is_called_and_only_what_is_declared(path: Path) -> None:
    injected = calls(read(path)["method"], "inject")
    for arguments in injected:
        place, fault = placed(arguments), arguments["fault"]
        assert set(place) == {place_kind(fault)} - {"host"}
        assert all(name in PLACES[kind] for kind, name in place.items())
        others = {k: v for k, v in arguments.items() if k not in (*place, "fault")}
        make(fault, *(place.values() or ["host"]), **others)
    broken = {name for arguments in injected for name in placed(arguments).values()}
    assert path.parent.name in {*broken, "host"} or calls(read(path)["method"], "send")


@each
def test_there_is_load_by_arrival_rate_beside_it(path: Path) -> None:
    load = ours(path).get("load")
    if load is None:
        assert "under_load" in set(probes_of(path))
    else:
        _workload, rate = traffic.checked(load)
        assert rate >= 1


@each
def test_it_says_when_it_has_to_be_aborted(path: Path) -> None:
    guards = ours(path)["guards"]
    assert [guard["name"] for guard in guards]
    assert all(guard["provider"] and guard["tolerance"] for guard in guards)


@each
def test_it_heals_whatever_happens_and_watches_the_recovery(path: Path) -> None:
    experiment = read(path)
    assert experiment["runtime"] == {"rollbacks": {"strategy": "always"}}
    assert [control["provider"]["module"] for control in experiment["controls"]] == [
        "codeblue.chaos.control"
    ]
    rollbacks, method = experiment["rollbacks"], experiment["method"]
    assert [rollbacks[-1]] == [
        step for step in rollbacks if step["provider"]["func"] == "wait_until_recovered"
    ]
    healed = [placed(arguments) for arguments in calls(rollbacks, "heal")]
    for arguments in calls(method, "inject"):
        assert {} in healed or placed(arguments) in healed
    if calls(method, "send"):
        assert calls(rollbacks, "send")


def test_every_id_is_used_once() -> None:
    ids = [read_extension(path).id for path in LIBRARY]
    assert len(ids) == len(set(ids)) == len(LIBRARY)


def test_there_are_enough_of_them() -> None:
    assert len(LIBRARY) >= 20
    broken = [a for path in LIBRARY for a in calls(read(path)["method"], "inject")]
    assert len({arguments["fault"] for arguments in broken}) >= 15
    edges = {arguments["edge"] for arguments in broken if "edge" in arguments}
    assert edges >= PLACES["edge"]


def test_the_quick_ones_are_few() -> None:
    """What is quick runs in every assessment, some seconds each."""
    quick = [path for path in LIBRARY if read_extension(path).suite == "quick"]
    assert 0 < len(quick) <= 16


@each
def test_it_is_in_the_reference_with_what_it_examines(path: Path) -> None:
    text = (ROOT / "docs" / "reference" / "experiments.md").read_text()
    meta = read_extension(path)
    (row,) = [x for x in text.splitlines() if f"`{path.parent.name}/{path.stem}`" in x]
    assert f"| `{meta.id}` |" in row
    assert row.endswith(f"| {meta.suite} |")
    assert meta.title in row
    assert all(f"`{switch}`" in row for switch in meta.examines)


def test_every_key_action_probe_and_tolerance_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "experiments.md").read_text()
    words = {*ExperimentMeta.model_fields, *actions.__all__, *probes.__all__} - {"Measure", "title"}
    words |= {"at_least", "at_most", "none_hung", "no_worse_than_control"}
    assert {word for word in words if f"`{word}`" not in text} == set()
