from __future__ import annotations

from pathlib import Path

import pytest

from codeblue.patients.writing.files import ShardFiles, sweep


def names(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def test_files_get_their_names_when_all_are_written(tmp_path: Path) -> None:
    with ShardFiles(tmp_path) as files:
        files.open("one/a.txt").write(b"a" * 100_000)
        files.open("b.txt").write(b"bc")
        assert not {"one/a.txt", "b.txt"} & set(names(tmp_path))
    assert names(tmp_path) == ["b.txt", "one/a.txt"]
    assert (tmp_path / "b.txt").read_bytes() == b"bc"
    assert (len(files), files.bytes) == (2, 100_002)


def test_nothing_is_left_of_a_shard_that_failed(tmp_path: Path) -> None:
    def fail() -> None:
        with ShardFiles(tmp_path) as files:
            files.open("one/a.txt").write(b"a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(tmp_path) == []


def test_nothing_is_left_when_a_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / "b.txt").mkdir()  # a file cannot take the name of a folder
    with pytest.raises(OSError, match=r"b\.txt"), ShardFiles(tmp_path) as files:
        files.open("b.txt").write(b"b")
    assert names(tmp_path) == []


def test_files_of_an_earlier_run_stay_until_new_ones_are_complete(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    with ShardFiles(tmp_path) as files:
        files.open("a.txt").write(b"new")
        assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert (tmp_path / "a.txt").read_bytes() == b"new"


def test_what_a_killed_process_left_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    files = ShardFiles(tmp_path)
    files.open("one/a.txt").close()  # as if it were killed here
    (tmp_path / "one" / "notes.partial").touch()
    assert len(names(tmp_path)) == 2
    sweep(tmp_path)
    assert names(tmp_path) == ["one/notes.partial"]
