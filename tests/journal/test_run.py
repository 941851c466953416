from __future__ import annotations

from pathlib import Path

import pytest

from codeblue.errors import JournalError, UsageError
from codeblue.journal import RunDirectory


def test_a_run_is_found_by_id_by_the_start_of_it_and_as_the_latest(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "pilot")
    assert "pilot" in run.id
    for name in (run.id, run.id[:-2], "latest"):
        assert RunDirectory.locate(name, tmp_path) == run


def test_an_unknown_run_names_the_known_ones(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "pilot")
    with pytest.raises(UsageError, match=f"no such run. Known: {run.id}"):
        RunDirectory.locate("nothing", tmp_path)


def test_a_run_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / ".codeblue").write_text("a file where a folder should be")
    with pytest.raises(JournalError, match="cannot be made"):
        RunDirectory.create(tmp_path, "pilot")
