from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.journal import IN_FLIGHT, REQUEST_DTYPE, RequestWriter, read_requests

RECORD = st.tuples(
    st.floats(0, 2e9),
    st.floats(0, 100, width=32),
    st.floats(0, 100, width=32),
    st.integers(0, 1),
    st.sampled_from([0, 200, 503, IN_FLIGHT]),
)


def test_a_request_takes_twenty_bytes() -> None:
    assert REQUEST_DTYPE.itemsize == 20


@settings(deadline=None)  # the first call imports pandas
@given(records=st.lists(RECORD, max_size=50))
def test_what_was_written_is_read(
    tmp_path_factory: object, records: list[tuple[float, float, float, int, int]]
) -> None:
    run = tmp_path_factory.mktemp("run")  # type: ignore[attr-defined]
    writer = RequestWriter(run / "requests", "pilot", "w0", ["chart", "order"])
    for record in records:
        writer.add(*record)
    writer.close()
    frame = read_requests(run)
    assert list(frame.columns)[:3] == ["load", "worker", "journey"]
    assert list(frame["status"]) == [record[4] for record in records]
    assert list(frame["journey"]) == [["chart", "order"][record[3]] for record in records]
    assert list(frame["intended"]) == [record[0] for record in records]


def test_a_torn_record_and_a_second_worker_are_read(tmp_path: Path) -> None:
    for worker in ("w0", "w1"):
        writer = RequestWriter(tmp_path / "requests", "pilot", worker, ["chart"])
        writer.add(1.0, 0.5, 0.25, 0, 200)
        writer.close()
    with (tmp_path / "requests" / "pilot-w1.bin").open("ab") as file:
        file.write(b"torn")
    assert sorted(read_requests(tmp_path)["worker"]) == ["w0", "w1"]


def test_more_records_than_the_buffer_holds(tmp_path: Path) -> None:
    writer = RequestWriter(tmp_path / "requests", "pilot", "w0", ["chart"])
    for index in range(2500):
        writer.add(float(index), 0.1, 0.1, 0, 200)
    writer.close()
    assert list(read_requests(tmp_path)["intended"]) == list(range(2500))


def test_torn_names_cost_one_file_and_not_the_run(tmp_path: Path) -> None:
    for worker in ("w0", "w1"):
        writer = RequestWriter(tmp_path / "requests", "pilot", worker, ["chart"])
        writer.add(1.0, 0.5, 0.25, 0, 200)
        writer.close()
    (tmp_path / "requests" / "pilot-w0.names.json").write_text('{"load": "pi')
    assert list(read_requests(tmp_path)["worker"]) == ["w1"]
