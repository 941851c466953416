from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codeblue.cli.doctor import _MEANS
from codeblue.faults.capabilities import capabilities

from .conftest import CodeblueCommand

pytestmark = pytest.mark.slow

WorkspaceFactory = Callable[..., Path]


def test_what_is_here_is_said_in_words_and_for_machines(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory
) -> None:
    workspace = make_workspace()
    assert "PostgreSQL 18" in codeblue("doctor", cwd=workspace).stdout
    done = codeblue("doctor", "--json", cwd=workspace)
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["ok"] is True
    assert {"what", "ok", "found", "meaning", "needed"} == set(answer["findings"][0])


def test_what_is_needed_and_missing_exits_2(codeblue: CodeblueCommand, tmp_path: Path) -> None:
    (tmp_path / "codeblue.toml").write_text("[targt]")
    done = codeblue("doctor", "--json", cwd=tmp_path)
    assert done.returncode == 2
    [wrong] = [finding for finding in json.loads(done.stdout)["findings"] if not finding["ok"]][-1:]
    assert wrong["what"] == "codeblue.toml"
    assert "unknown section" in wrong["found"]


def test_every_fault_that_cannot_be_made_here_is_said_with_its_reason(
    codeblue: CodeblueCommand, make_workspace: WorkspaceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/no/such/folder")
    monkeypatch.delenv("TOXIPROXY_SERVER", raising=False)
    without = codeblue("doctor", "--json", cwd=make_workspace())
    assert without.returncode == 0
    findings = {each["what"]: each for each in json.loads(without.stdout)["findings"]}
    assert findings["fault stop"]["ok"]
    assert not findings["fault partition"]["ok"]
    assert "not on the PATH" in findings["fault partition"]["found"] or (
        "need root" in findings["fault partition"]["found"]
    )
    assert "go install" in findings["toxiproxy-server"]["meaning"]


def test_the_faults_that_doctor_explains_are_those_that_have_a_probe() -> None:
    assert set(_MEANS) == set(capabilities())
