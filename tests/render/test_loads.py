from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codeblue.journal import IN_FLIGHT, RequestWriter
from codeblue.render import render
from codeblue.render._loads import load_rows, loads
from codeblue.render._recorded import RequestRow, recorded_loads

START = 1_790_000_000.0
Journal = Callable[[list[dict[str, Any]]], Path]


def write(run: Path, load: str, *, started: float = START) -> None:
    writer = RequestWriter(run / "requests", load, "0", started)
    for due, status in ((1.0, 200), (2.0, 503), (3.0, IN_FLIGHT)):
        writer.add(due, 0.5, 0.25, writer.name("booking", "GET"), status)
    writer.close()


def page(run: Path, name: str = "report.html") -> str:
    render(run)
    return (run / name).read_text("utf-8")


def finished(load: str, **fields: Any) -> dict[str, Any]:
    return {"at": START, "kind": "load-finished", "load": load, **fields}


def test_a_load_that_never_reported_is_counted_from_what_its_workers_recorded(
    journal_of: Journal,
) -> None:
    started = {"at": START, "kind": "load-started", "load": "ward", "journeys": {"booking": 2.5}}
    run = journal_of([started])
    write(run, "ward")
    recorded = recorded_loads(run, START, START)
    assert recorded is not None
    (row,) = load_rows(loads([started]), recorded)
    (booking,) = row.streams
    assert not row.load.finished
    assert (booking.issued, booking.ok, booking.failed, booking.in_flight) == (3, 1, 1, 1)
    assert (booking.p99, booking.service_p99, booking.queue_p99) == pytest.approx((500, 250, 250))
    assert "Never reported its end" in page(run)


def test_what_the_generator_reported_counts_before_what_was_recorded(journal_of: Journal) -> None:
    journeys = {"booking": {"issued": 9, "ok": 1, "failed": 1, "in_flight": 1, "dropped": 6}}
    event = finished("ward", issued=9, dropped=6, journeys=journeys)
    run = journal_of([event])
    write(run, "ward")
    (row,) = load_rows(loads([event]), recorded_loads(run, START, START) or {})
    assert (row.streams[0].issued, row.streams[0].dropped) == (9, 6)
    assert row.streams[0].p99 is None


def test_a_generator_that_was_not_honest_is_marked(journal_of: Journal) -> None:
    reason = "the generator itself was late"
    run = journal_of([finished("ward", generator_honest=False, reason=reason)])
    text = page(run)
    assert "Generator not honest" in text
    assert f"<strong>{reason}</strong>" in text


def test_the_pace_is_what_came_and_not_what_was_planned(journal_of: Journal) -> None:
    run = journal_of([finished("ward", issued=150, seconds=6.0)])
    assert "25 arrivals per second on average, for 6.0 s" in page(run)


def test_a_load_of_another_time_is_not_drawn(tmp_path: Path) -> None:
    write(tmp_path, "ward")
    write(tmp_path, "torn", started=0.0)
    recorded = recorded_loads(tmp_path, START, START + 60)
    assert recorded is not None
    assert list(recorded) == ["ward"]


def test_a_search_that_drove_the_generator_to_its_end_is_one_caution(journal_of: Journal) -> None:
    late = [finished(f"trial-{n}", generator_honest=False, reason="late") for n in range(14)]
    text = page(journal_of(late), "report.md")
    assert text.count("could not keep its own schedule") == 1
    assert "during 14 loads: trial-0, trial-1" in text
    assert "trial-9 and 4 more." in text


def test_requests_are_told_apart_by_name(tmp_path: Path) -> None:
    for worker in "01":
        writer = RequestWriter(tmp_path / "requests", "ward", worker, START)
        writer.add(1.0, 0.5, 0.25, writer.name("booking", "GET"), 200)
        writer.add(1.0, 1.5, 0.5, writer.name("booking", "POST"), 503)
        writer.add(2.0, 9.5, 0.0, writer.name("booking", ""), IN_FLIGHT)
        writer.add(2.5, 2.0, 2.0, writer.name("booking", "GET"), IN_FLIGHT)
        writer.close()
    recorded = recorded_loads(tmp_path, START, START)
    assert recorded is not None
    assert recorded["ward"].requests == (
        RequestRow("booking", "GET", sent=4, failed=0, in_flight=2, p50=250.0, p99=2_000.0),
        RequestRow("booking", "POST", sent=2, failed=2, in_flight=0, p50=500.0, p99=500.0),
    )
    assert len(recorded["ward"].arrivals) == 6


def test_a_folder_that_cannot_be_read_is_said(pilot: Path) -> None:
    (pilot / "requests" / "ward-0.bin").unlink()
    (pilot / "requests" / "ward-0.bin").mkdir()
    assert "The record of requests cannot be read" in page(pilot)


def test_many_loads_stay_folded_and_within_the_page(journal_of: Journal) -> None:
    run = journal_of([finished(f"trial-{number}", issued=number) for number in range(150)])
    text = page(run)
    assert text.count('<details class="load"') == 100
    assert '<details class="load" open' not in text
    assert "50 more loads are in events.jsonl" in text


def test_what_was_lost_or_stale_or_leaked_is_told_with_examples(journal_of: Journal) -> None:
    ledger = {"acknowledged": 9, "kept": 4, "lost": 1, "stale": 2, "leaked": 3, "unknown": 0}
    examples = {"leaked": ["lakeside reads order 7 of riverside"], "odd": 3}
    events = [
        {"at": START, "kind": "ledger", "load": "ward", **ledger, "examples": examples},
        {"at": START, "kind": "history", "load": "ward", "objects": 4, "anomalies": 1,
         "examples": ["slot 5 was given to two patients"]},
    ]  # fmt: skip
    run = journal_of(events)
    text = page(run)
    assert "<strong>leaked</strong>: lakeside reads order 7 of riverside" in text
    assert "slot 5 was given to two patients" in text
    assert "| 9 | 4 | 1 | 2 | 0 | 3 | 0 |" in page(run, "report.md")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"kept": True}, "In time"),
        ({"kept": False}, "Not in time"),
        ({"kept": False, "comparable": False}, "No baseline"),
    ],
)
def test_whether_a_spike_was_soon_over(
    journal_of: Journal, fields: dict[str, bool], word: str
) -> None:
    told = {"at": START, "kind": "recovery", "load": "ward", "sentence": "back after 3 s"}
    run = journal_of([finished("ward"), {**told, **fields}])
    assert f"</span> {word}</span>" in page(run)
    assert "- ward: back after 3 s." in page(run, "report.md")


def test_where_the_platform_breaks_and_every_trial_of_it(journal_of: Journal) -> None:
    trials = [
        {"rate": 25.0, "outcome": {"verdict": "held", "why": ""}},
        {"rate": 50.0, "outcome": {"verdict": "broke", "why": "booking p99 900 ms"}},
        "torn",
    ]
    search = {"load": "breakpoint", "condition": "without a fault", "held": 25.0, "broke": 50.0,
              "complete": False, "sentence": "met at 25/s, and not at 50/s"}  # fmt: skip
    run = journal_of([{"at": START, "kind": "search", **search, "trials": trials}])
    text = page(run)
    assert "met at 25/s, and not at 50/s" in text
    assert "Not confirmed at both ends" in text
    assert "booking p99 900 ms" in text
    assert "- without a fault: met at 25/s, and not at 50/s." in page(run, "report.md")
