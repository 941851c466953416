from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.workspace import builtin_root, find, load_module, names, workspace_root


def test_the_nearest_configuration_upwards_makes_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "codeblue.toml").touch()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert workspace_root(deep) == tmp_path


def test_no_configuration_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no codeblue\.toml .* Run from a workspace"):
        workspace_root(tmp_path)


def test_the_workspace_comes_before_the_built_in(tmp_path: Path) -> None:
    own = tmp_path / "scenarios" / "journeys" / "booking.py"
    own.parent.mkdir(parents=True)
    own.touch()
    assert find("scenarios/journeys/booking.py", tmp_path) == own
    builtin = builtin_root() / "scenarios" / "journeys" / "eligibility.py"
    assert find("scenarios/journeys/eligibility.py", tmp_path) == builtin
    assert {"booking", "eligibility"} <= set(names("scenarios/journeys", "*.py", tmp_path))


def test_missing_content_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not found"):
        find("scenarios/nowhere.py", tmp_path)


def test_content_of_the_same_name_stays_apart_and_the_path_untouched(tmp_path: Path) -> None:
    before = list(sys.path)
    modules = []
    for folder in ("one", "two"):
        path = tmp_path / folder / "same.py"
        path.parent.mkdir()
        path.write_text(f"NAME = {folder!r}")
        modules.append(load_module(path))
    assert [module.NAME for module in modules] == ["one", "two"]
    assert load_module(tmp_path / "one" / "same.py") is modules[0]
    assert sys.path == before
