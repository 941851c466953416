from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.journal import IN_FLIGHT, REQUEST_DTYPE, RequestWriter
from codeblue.load._locust.account import Account, Arrival


def account(folder: Path) -> tuple[Account, list[str]]:
    reasons: list[str] = []
    writer = RequestWriter(folder, "usual", "0", ["a", "b"])
    return Account(writer, 2, reasons.append), reasons


def records(folder: Path) -> np.ndarray:
    return np.fromfile(folder / "usual-0.bin", REQUEST_DTYPE)


def test_the_first_request_is_charged_from_when_it_was_due(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    arrival = Arrival(0, time.perf_counter() - 1)
    book.arrived(arrival)
    first = book.answered(book.sent(arrival), 200, 0.1)
    later = book.answered(book.sent(arrival), 200, 0.1)
    assert first == pytest.approx(1.1, abs=0.05)
    assert later == pytest.approx(0.1)
    book.close()
    assert records(tmp_path)["service"].tolist() == pytest.approx([0.1, 0.1])


def test_what_is_unanswered_is_in_flight_with_its_age(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    waiting, sent = (Arrival(0, time.perf_counter() - age) for age in (3, 2))
    for arrival in (waiting, sent):
        book.arrived(arrival)
    book.sent(sent)
    book.close()
    found = records(tmp_path)
    assert found["status"].tolist() == [IN_FLIGHT, IN_FLIGHT]
    assert found["latency"].tolist() == pytest.approx([3, 2], abs=0.05)


def test_an_answer_after_the_end_changes_nothing(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    arrival = Arrival(0, time.perf_counter())
    book.arrived(arrival)
    request = book.sent(arrival)
    book.close()
    book.answered(request, 200, 0.1)
    book.flush()
    assert records(tmp_path)["status"].tolist() == [IN_FLIGHT]


def test_a_journey_that_raised_over_an_answer_failed(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    arrival = Arrival(1, time.perf_counter())
    book.arrived(arrival)
    book.sent(arrival)
    book.left(arrival)
    book.close()
    assert records(tmp_path)["status"].tolist() == [0]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3), st.booleans(), st.booleans())))
def test_every_issued_request_is_recorded_or_dropped(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[tuple[int, int, bool, bool]]
) -> None:
    """(journey, requests, whether the last is answered, whether the user moves on)."""
    folder = tmp_path_factory.mktemp("account")
    book, _ = account(folder)
    dropped = 0
    for journey, count, answered, moves_on in arrivals:
        arrival = Arrival(journey, time.perf_counter())
        book.arrived(arrival)
        sent = [book.sent(arrival) for _ in range(count)]
        for request in sent if answered else sent[:-1]:
            book.answered(request, 200, 0.01)
        if moves_on:
            book.left(arrival)
            dropped += count == 0
    book.close()
    assert sum(book.issued) == len(records(folder)) + dropped
    assert sum(book.issued) == sum(max(count, 1) for _, count, _, _ in arrivals)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_load_once_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "usual-0.bin").symlink_to("/dev/full")
    book, reasons = account(tmp_path)
    arrival = Arrival(0, time.perf_counter())
    book.arrived(arrival)
    book.answered(book.sent(arrival), 200, 0.1)
    book.flush()
    book.close()
    assert len(reasons) == 1
    assert "No space left" in reasons[0]
