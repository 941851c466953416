from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.journal import IN_FLIGHT, REQUEST_DTYPE, RequestWriter
from codeblue.load._locust.account import Account, Arrival


def account(folder: Path, age: float = 0.0) -> tuple[Account, list[str]]:
    """An account of a load that started ``age`` seconds ago."""
    reasons: list[str] = []
    writer = RequestWriter(folder, "usual", "0", time.time() - age)
    return Account(writer, ["a", "b"], time.perf_counter() - age, reasons.append), reasons


def arrived(book: Account, stream: int = 0, due: float = 0.0) -> Arrival:
    arrival = Arrival(stream, due)
    book.arrived(arrival)
    return arrival


def records(folder: Path) -> np.ndarray:
    return np.fromfile(folder / "usual-0.bin", REQUEST_DTYPE)


def test_the_whole_journey_is_charged_from_when_it_was_due(tmp_path: Path) -> None:
    book, _ = account(tmp_path, age=3)
    arrival = arrived(book, due=2)
    first = book.answered(book.sent(arrival), "GET", "/x", 200, 0.1)
    later = book.answered(book.sent(arrival), "GET", "/x", 200, 0.4)
    assert first == pytest.approx(1.1, abs=0.05)
    assert later == pytest.approx(1.4, abs=0.05)
    book.left(arrival)
    book.close()
    found = records(tmp_path)
    assert found["service"].tolist() == pytest.approx([0.1, 0.4])
    assert found["latency"].tolist() == pytest.approx([first, later])
    assert found["intended"].tolist() == [2, 2]


def test_what_is_unanswered_is_in_flight_with_its_age(tmp_path: Path) -> None:
    book, _ = account(tmp_path, age=3)
    arrived(book, due=0)
    book.sent(arrived(book, due=1))
    book.close()
    found = np.sort(records(tmp_path), order="intended")
    assert found["status"].tolist() == [IN_FLIGHT, IN_FLIGHT]
    assert found["latency"].tolist() == pytest.approx([3, 2], abs=0.05)


def test_who_is_between_two_requests_at_the_end_is_in_flight(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    arrival = arrived(book)
    book.answered(book.sent(arrival), "GET", "/x", 200, 0.1)
    book.close()
    assert records(tmp_path)["status"].tolist() == [200, IN_FLIGHT]


def test_an_answer_after_the_end_changes_nothing(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    request = book.sent(arrived(book))
    book.close()
    book.answered(request, "GET", "/x", 200, 0.1)
    book.flush()
    assert records(tmp_path)["status"].tolist() == [IN_FLIGHT]


def test_a_journey_that_raised_over_an_answer_failed(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    arrival = arrived(book, stream=1)
    book.sent(arrival)
    book.left(arrival)
    book.close()
    assert records(tmp_path)["status"].tolist() == [0]


def test_a_journey_that_could_not_go_on_after_a_good_answer_failed(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    arrival = arrived(book)
    book.answered(book.sent(arrival), "GET", "/x", 200, 0.1)
    book.raised(arrival)
    book.left(arrival)
    book.close()
    assert records(tmp_path)["status"].tolist() == [200, 0]


def test_a_journey_that_raised_before_it_sent_anything_is_dropped(tmp_path: Path) -> None:
    book, _ = account(tmp_path)
    arrival = arrived(book)
    book.raised(arrival)
    book.left(arrival)
    book.close()
    assert book.issued == [1, 0]
    assert not len(records(tmp_path))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3), st.booleans(), st.booleans())))
def test_every_issued_arrival_is_recorded_or_sent_nothing(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[tuple[int, int, bool, bool]]
) -> None:
    """(stream, requests, whether the last is answered, whether the user moves on)."""
    folder = tmp_path_factory.mktemp("account")
    book, _ = account(folder)
    dropped = 0
    for number, (stream, count, answered, moves_on) in enumerate(arrivals):
        arrival = arrived(book, stream, due=number / 1000)
        sent = [book.sent(arrival) for _ in range(count)]
        for request in sent if answered else sent[:-1]:
            book.answered(request, "GET", "/x", 200, 0.01)
        if moves_on:
            book.left(arrival)
            dropped += count == 0
    book.close()
    assert sum(book.issued) == len(arrivals)
    assert len(np.unique(records(folder)["intended"])) == len(arrivals) - dropped


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_load_once_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "usual-0.bin").symlink_to("/dev/full")
    book, reasons = account(tmp_path)
    book.answered(book.sent(arrived(book)), "GET", "/x", 200, 0.1)
    book.flush()
    book.close()
    assert len(reasons) == 1
    assert "No space left" in reasons[0]
