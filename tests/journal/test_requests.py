from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from codeblue.errors import JournalError
from codeblue.journal import REQUEST_DTYPE, RequestWriter
from codeblue.journal.reading import request_files
from codeblue.journal.requests import MOST_NAMES, OTHER


def header(folder: Path) -> dict[str, object]:
    facts: dict[str, object] = orjson.loads((folder / "pilot-0.names.json").read_bytes())
    return facts


def test_a_request_takes_twenty_bytes(tmp_path: Path) -> None:
    assert REQUEST_DTYPE.itemsize == 20
    writer = RequestWriter(tmp_path, "pilot", "0", 1_000.0)
    for _ in range(3):
        writer.add(1.0, 0.1, 0.1, writer.name("chart", "GET"), 200)
    writer.close()
    assert (tmp_path / "pilot-0.bin").stat().st_size == 60


def test_the_header_has_the_start_and_every_name_that_was_used(tmp_path: Path) -> None:
    writer = RequestWriter(tmp_path, "pilot", "0", 1_000.0)
    assert writer.name("chart", "GET") == writer.name("chart", "GET") == 0
    writer.flush()
    assert writer.name("chart", "POST") == 1
    writer.close()
    names = [["chart", "GET"], ["chart", "POST"]]
    assert header(tmp_path) == {"load": "pilot", "worker": "0", "started": 1_000.0, "names": names}


def test_a_journey_that_puts_ids_into_names_does_not_fill_the_header(tmp_path: Path) -> None:
    writer = RequestWriter(tmp_path, "pilot", "0", 1_000.0)
    numbers = {writer.name("chart", f"GET /charts/{index}") for index in range(3 * MOST_NAMES)}
    assert len(numbers) == MOST_NAMES + 1
    assert writer.name("chart", "yet another") == writer.name("chart", OTHER)


def test_more_records_than_the_buffer_holds(tmp_path: Path) -> None:
    writer = RequestWriter(tmp_path / "requests", "pilot", "0", 1_000.0)
    for index in range(10_000):
        writer.add(float(index), 0.1, 0.1, writer.name("chart", "GET"), 200)
    writer.close()
    (file,) = request_files(tmp_path)
    assert file.records["intended"].tolist() == list(range(10_000))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "pilot-0.bin").symlink_to("/dev/full")
    writer = RequestWriter(tmp_path, "pilot", "0", 1_000.0)
    writer.add(1.0, 0.1, 0.1, writer.name("chart", "GET"), 200)
    with pytest.raises(JournalError, match=r"pilot-0\.bin: cannot be written \(No space left"):
        writer.flush()
