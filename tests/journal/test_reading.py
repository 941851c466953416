from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.journal import IN_FLIGHT, REQUEST_DTYPE, RequestWriter
from codeblue.journal.reading import request_files

START = 1_790_000_000.0
NAMES = [("chart", "GET"), ("chart", "POST"), ("order", "GET")]
RECORD = st.tuples(
    st.floats(1e-9, 1e5),
    st.floats(0, 100, width=32),
    st.floats(0, 100, width=32),
    st.integers(0, 2),
    st.sampled_from([0, 200, 503, IN_FLIGHT]),
)


def write(run: Path, worker: str, *records: tuple[float, float, float, int, int]) -> Path:
    writer = RequestWriter(run / "requests", "pilot", worker, START)
    for journey, request in NAMES:
        writer.name(journey, request)
    for record in records:
        writer.add(*record)
    writer.close()
    return run / "requests" / f"pilot-{worker}.bin"


@settings(max_examples=50)
@given(records=st.lists(RECORD, max_size=50))
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[float, float, float, int, int]]
) -> None:
    run = tmp_path_factory.mktemp("run")
    write(run, "0", *records)
    (file,) = request_files(run)
    assert (file.load, file.worker, file.started) == ("pilot", "0", START)
    assert file.names == tuple(NAMES)
    assert file.records.tolist() == records


def test_one_load_is_read_without_those_whose_label_begins_alike(tmp_path: Path) -> None:
    for load in ("spike", "spike-control"):
        RequestWriter(tmp_path / "requests", load, "0", START).close()
    assert [file.load for file in request_files(tmp_path, "spike")] == ["spike"]
    assert len(list(request_files(tmp_path))) == 2


def test_a_torn_record_and_a_second_worker_are_read(tmp_path: Path) -> None:
    for worker in "01":
        path = write(tmp_path, worker, (1.0, 0.5, 0.25, 0, 200))
    with path.open("ab") as file:
        file.write(b"torn")
    assert [len(file.records) for file in request_files(tmp_path)] == [1, 1]


@pytest.mark.parametrize(
    "torn", ['{"load": "pi', "[]", '{"load": "pilot"}', '{"names": 3, "load": 1, "worker": 1}']
)
def test_a_torn_header_costs_one_file_and_not_the_run(tmp_path: Path, torn: str) -> None:
    for worker in "01":
        write(tmp_path, worker, (1.0, 0.5, 0.25, 0, 200))
    (tmp_path / "requests" / "pilot-0.names.json").write_text(torn)
    assert [file.worker for file in request_files(tmp_path)] == ["1"]


@pytest.mark.parametrize(
    "senseless",
    [
        (float("nan"), 0.1, 0.1, 0, 200),
        (-1.0, 0.1, 0.1, 0, 200),
        (1e12, 0.1, 0.1, 0, 200),
        (1.0, float("nan"), 0.1, 0, 200),
        (1.0, float("inf"), 0.1, 0, 200),
        (1.0, 0.1, float("nan"), 0, 200),
        (1.0, 0.1, 0.1, 3, 200),
        (0.0, 0.0, 0.0, 0, 0),
    ],
)
def test_what_a_crash_left_behind_is_dropped(
    tmp_path: Path, senseless: tuple[float, float, float, int, int]
) -> None:
    write(tmp_path, "0", (1.0, 0.5, 0.25, 1, 200), senseless, (2.0, 0.5, 0.25, 2, 200))
    (file,) = request_files(tmp_path)
    assert file.records["intended"].tolist() == [1.0, 2.0]
    assert file.records.dtype == REQUEST_DTYPE


def test_a_run_without_load_has_no_files(tmp_path: Path) -> None:
    assert list(request_files(tmp_path)) == []
