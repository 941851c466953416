from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from codeblue.journal import RequestWriter
from codeblue.load._locust.shipping import Shipment, store


class Line:
    """The worker's end of Locust's line to its master, read by the test."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, kind: str, data: dict[str, Any]) -> None:
        assert kind == "codeblue-records"
        self.sent.append(data)


def test_what_a_worker_wrote_stands_in_the_run_of_the_lead(tmp_path: Path) -> None:
    there, here, line = tmp_path / "there", tmp_path / "here", Line()
    shipment = Shipment(there, "x", "3", cast("Any", line))
    writer = RequestWriter(there / "requests", "x", "3", 12.5)
    for due in range(5):
        writer.add(due, 0.1, 0.1, writer.name("a", f"GET /{due}"), 200)
        writer.flush()
        shipment.send()
    (there / "ledger").mkdir()
    (there / "ledger" / "x-3.jsonl").write_bytes(b"one\ntwo\n")
    shipment.send()
    shipment.send()
    (here / "requests").mkdir(parents=True)
    for records in line.sent:
        store(here, "x", "7", records)
    for kind in ("requests/x-{}.bin", "requests/x-{}.names.json", "ledger/x-{}.jsonl"):
        assert (here / kind.format(7)).read_bytes() == (there / kind.format(3)).read_bytes()
    assert [data["kind"] for data in line.sent].count("ledger") == 1


def test_names_travel_before_the_records_that_use_them(tmp_path: Path) -> None:
    line = Line()
    writer = RequestWriter(tmp_path / "requests", "x", "0", 0.0)
    writer.add(0, 0.1, 0.1, writer.name("a", "GET /"), 200)
    writer.flush()
    Shipment(tmp_path, "x", "0", cast("Any", line)).send()
    assert [data["kind"] for data in line.sent] == ["names", "requests"]
