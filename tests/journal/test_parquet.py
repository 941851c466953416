from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from codeblue.errors import JournalError
from codeblue.journal import IN_FLIGHT, RequestWriter, RunDirectory
from codeblue.journal.parquet import NAME, converting, write_parquet

START = 1_790_000_000.0


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory.create(tmp_path, "test")
    for worker in "01":
        writer = RequestWriter(run.requests, "ward", worker, START)
        for due, name, status in ((0.25, "GET", 200), (0.5, "", IN_FLIGHT), (0.75, "POST", 0)):
            number = writer.name("chart" if worker == "0" else "order", name)
            writer.add(due, 0.5, 0.125, number, status)
        writer.close()
    return run


def test_every_request_is_a_row(run: RunDirectory) -> None:
    assert write_parquet(run.path) == run.path / NAME
    rows = pq.read_table(run.path / NAME).to_pylist()
    assert [row["worker"] for row in rows] == ["0"] * 3 + ["1"] * 3
    assert [row["stream"] for row in rows] == ["chart"] * 3 + ["order"] * 3
    assert [row["request"] for row in rows[:3]] == ["GET", "", "POST"]
    assert [row["status"] for row in rows[:3]] == [200, None, None]
    assert [row["outcome"] for row in rows[:3]] == ["ok", "in flight", "failed"]
    assert {row["load"] for row in rows} == {"ward"}
    first = rows[0]
    assert (first["due"], first["latency"], first["service"]) == (0.25, 0.5, 0.125)
    assert first["intended"].timestamp() == START + 0.25


def test_it_is_written_by_another_process_meanwhile(run: RunDirectory) -> None:
    with converting(run):
        pass
    assert pq.read_metadata(run.path / NAME).num_rows == 6
    assert not list(run.path.glob("*.new"))


def test_a_failure_is_one_sentence(run: RunDirectory) -> None:
    (run.path / NAME).mkdir()
    with (
        pytest.raises(JournalError, match=r"requests\.parquet: not written; .*/parquet\.log"),
        converting(run),
    ):
        pass


def test_who_leaves_early_leaves_no_process(run: RunDirectory) -> None:
    with pytest.raises(KeyboardInterrupt), converting(run):
        raise KeyboardInterrupt
    assert not (run.path / NAME).exists()


def test_a_run_without_load_has_no_file(tmp_path: Path) -> None:
    assert write_parquet(tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_the_command_says_how_it_is_called() -> None:
    command = [sys.executable, "-m", "codeblue.journal.parquet"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("usage: python -m codeblue.journal.parquet RUN")
