from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from codeblue.chaos import ExperimentMeta, read_extension
from codeblue.chaos.extension import supervised
from codeblue.errors import UsageError

COMPLETE = """
title: The store hangs
description: Nothing waits for ever
extensions:
  - {name: other, depth: 3}
  - name: codeblue
    id: store-hangs
    risk: failures
    examines: [timeouts_deadlines]
    threshold: none hung
steady-state-hypothesis:
  title: all requests end
  probes:
    - type: probe
      name: ends
      tolerance: {type: probe, name: t, provider: {type: python, module: m, func: f, arguments: {}}}
      provider: {type: python, module: m, func: g}
method: []
"""
CONTROLS = """
controls:
  - {name: codeblue, provider: {type: python, module: codeblue.chaos.control}}
"""
GUARD = "{name: g, tolerance: 200, provider: {type: http, url: 'http://127.0.0.1:1/'}}"


def written(folder: Path, text: str) -> Path:
    path = folder / "hang.yaml"
    path.write_text(text)
    return path


def test_what_an_experiment_is_can_be_read_without_importing_its_modules(tmp_path: Path) -> None:
    assert read_extension(written(tmp_path, COMPLETE)) == ExperimentMeta(
        id="store-hangs",
        title="The store hangs",
        risk="failures",
        examines=("timeouts_deadlines",),
        threshold="none hung",
        suite="quick",
    )


def test_the_guards_are_read_with_it(tmp_path: Path) -> None:
    with_guard = COMPLETE.replace("    id: store", f"    guards: [{GUARD}]\n    id: store")
    meta = read_extension(written(tmp_path, with_guard + CONTROLS))
    [guard] = meta.guards
    assert (guard.name, guard.tolerance, guard.every) == ("g", 200, 0.2)
    assert meta.guard_is_oracle is False


def test_under_plain_chaos_run_only_the_guards_count() -> None:
    entry = yaml.safe_load(f"{{name: codeblue, note: x, guards: [{GUARD}]}}")
    assert [each.name for each in supervised({"extensions": [entry]}).guards] == ["g"]
    assert supervised({}).guards == ()
    with pytest.raises(UsageError, match=r"extensions: guards\.0\.name"):
        supervised({"extensions": [{**entry, "guards": [{**entry["guards"][0], "name": ""}]}]})


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("name: codeblue", "name: codered", "extensions: 0 entries are named codeblue"),
        ("    id: store-hangs\n", "", "extensions: id is missing. Add it"),
        ("risk: failures", "risk: failure", 'unknown "failure". Did you mean "failures"?'),
        ("threshold:", "treshold: x\n    threshold:", 'unknown key treshold. Did you mean "thres'),
        ("    id: store", "    suite: fast\n    id: store", 'suite: unknown "fast"'),
        ("title: The store hangs", "title: [", "not valid YAML"),
        (COMPLETE, "- a list", "not an experiment"),
        ("  probes:", "  samples:", "it has no probes"),
        (", arguments: {}", "", "no arguments for Chaos Toolkit to put the value in"),
        ("    id: store", "    title: T\n    id: store", "title belongs to the experiment itself"),
        ("    id: store", f"    guards: [{GUARD}]\n    id: store", "nobody would ask the guards"),
        ("    id: store", "    guards: [{name: g}]\n    id: store", "guards.0.provider is missing"),
        (
            "    id: store",
            f"    guards: [{GUARD}, {GUARD}]\n    id: store",
            'two guards are named "g"',
        ),
        (
            "    id: store",
            f"    guards: [{GUARD[:-1]}, evry: 1s}}]\n    id: store",
            'unknown key guards.0.evry. Did you mean "every"?',
        ),
        (
            "    id: store",
            f"    guards: [{GUARD[:-1]}, every: 0s}}]\n    id: store",
            'guards.0.every: not an interval. Write it like "200ms"',
        ),
    ],
)
def test_every_mistake_is_named_with_its_file(
    tmp_path: Path, before: str, after: str, sentence: str
) -> None:
    assert before in COMPLETE
    path = written(tmp_path, COMPLETE.replace(before, after, 1))
    with pytest.raises(UsageError) as error:
        read_extension(path)
    assert str(error.value).startswith(f"{path}: ")
    assert sentence in str(error.value)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hang.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        read_extension(path)
