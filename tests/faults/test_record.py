"""The record of faults: readable whatever happened to those who wrote it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import JournalError
from codeblue.faults import Ground, Latency, make
from codeblue.faults.record import Record, StandingFault

WRITER = """
import itertools, os, sys
from pathlib import Path
from codeblue.faults import Ground, Hang
from codeblue.faults.record import Record, StandingFault
record = Record(Path(sys.argv[1]))
for number in itertools.count():
    record.intend(StandingFault.of(Hang(str(number)), Ground("o"), {}))
    if number == 20:
        print(flush=True)
"""


def standing(edge: str = "e", owner: str = "o", folder: Path | None = None) -> StandingFault:
    ground = Ground(owner, "http://127.0.0.1:1", folder=str(folder) if folder else None)
    return StandingFault.of(Latency(edge, ms=5), ground, {"toxics": ["t"]})


def test_what_was_begun_and_not_struck_off_stands(tmp_path: Path) -> None:
    record = Record(tmp_path)
    assert record.standing() == []
    for edge in "abc":
        record.intend(standing(edge))
    record.strike("o/a/latency")
    record.strike("o/b/latency", "guardian-healed")
    assert record.standing() == [standing("c")]
    record.intend(standing("a"))
    record.strike("o/c/latency", "unhealed")
    assert {each.place for each in record.standing()} == {"a", "c"}


def test_a_fault_comes_back_from_the_record_as_it_was(tmp_path: Path) -> None:
    written = standing(folder=tmp_path)
    assert written.record is not None
    written.record.intend(written)
    (read,) = Record(tmp_path).standing()
    fault, ground = read.rebuilt()
    assert fault == make("latency", "e", ms=5)
    assert ground == Ground("o", "http://127.0.0.1:1", folder=str(tmp_path))
    assert read.trace == {"toxics": ["t"]}


def test_a_fault_without_a_run_has_no_record() -> None:
    assert standing().record is None


def test_a_line_that_a_full_disk_cut_is_passed_over_and_spoils_no_other(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.intend(standing("a"))
    whole = record.path.read_bytes()
    for length in range(1, len(whole)):
        record.path.write_bytes(whole + whole[:length])
        record.intend(standing("b"))
        assert {each.place for each in record.standing()} == {"a", "b"}


@given(st.lists(st.one_of(st.binary(), st.from_type(type(None)) | st.integers() | st.text())))
def test_lines_of_others_are_passed_over(
    tmp_path_factory: pytest.TempPathFactory, lines: list[object]
) -> None:
    record = Record(tmp_path_factory.mktemp("run"))
    record.intend(standing("a"))
    with record.path.open("ab") as file:
        for line in lines:
            file.write(line if isinstance(line, bytes) else json.dumps(line).encode())
            file.write(b"\n")
    record.intend(standing("b"))
    assert {each.place for each in record.standing()} == {"a", "b"}


def test_a_record_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be written"):
        Record(tmp_path / "gone").intend(standing())


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_every_line_that_it_had_written(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.kill()
    found = [int(each.place) for each in Record(tmp_path).standing()]
    assert found[:21] == list(range(21))
    assert found == list(range(len(found)))
