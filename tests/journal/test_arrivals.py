from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.journal import IN_FLIGHT, RequestWriter
from codeblue.journal.arrivals import Arrivals, Outcome, percentile, read_arrivals

START = 1_790_000_000.0
STREAMS = ("chart", "order", "portal")

# worker, stream, due in quarters of a second, requests of (service, status)
Visit = tuple[int, int, int, list[tuple[float, int]]]
REQUEST = st.tuples(st.floats(0, 10, width=32), st.sampled_from([0, 200, 302, 409, IN_FLIGHT]))
VISITS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 2),
        st.integers(0, 40),
        st.lists(REQUEST, min_size=1, max_size=4),
    ),
    max_size=40,
    unique_by=lambda visit: (visit[1], visit[2]),  # one stream never has two at one moment
)


def write(run: Path, visits: Sequence[Visit], order: Sequence[int]) -> None:
    """The records of ``visits``; those of several arrivals are mixed, as they come to an end."""
    writers = [RequestWriter(run / "requests", "ward", str(number), START) for number in (0, 1)]
    records = []
    for worker, stream, quarter, requests in visits:
        elapsed = 0.0
        for number, (service, status) in enumerate(requests):
            elapsed += service
            due = 1 + quarter / 4
            records.append((worker, stream, number, due, elapsed, service, status))
    for at in order:
        worker, stream, number, due, elapsed, service, status = records[at]
        name = writers[worker].name(STREAMS[stream], f"request {number}")
        writers[worker].add(due, elapsed, service, name, status)
    for writer in writers:
        writer.close()


def expected(requests: Sequence[tuple[float, int]]) -> Outcome:
    statuses = [status for _, status in requests]
    if any(not 200 <= status < 400 and status != IN_FLIGHT for status in statuses):
        return Outcome.FAILED
    return Outcome.IN_FLIGHT if IN_FLIGHT in statuses else Outcome.OK


@settings(max_examples=50)
@given(visits=VISITS, data=st.data())
def test_every_arrival_is_found_with_all_its_requests(
    tmp_path_factory: pytest.TempPathFactory, visits: list[Visit], data: st.DataObject
) -> None:
    run = tmp_path_factory.mktemp("run")
    count = sum(len(requests) for *_, requests in visits)
    write(run, visits, data.draw(st.permutations(range(count))))
    found = read_arrivals(run, "ward")
    rows: object = {
        (found.streams[found.stream[at]], found.due[at]): (
            found.requests[at],
            found.outcome[at],
            found.latency[at],
            found.service[at],
        )
        for at in range(len(found))
    }
    assert rows == {
        (STREAMS[stream], 1 + quarter / 4): (len(requests), expected(requests), took, took)
        for _, stream, quarter, requests in visits
        for took in [pytest.approx(sum(service for service, _ in requests), rel=1e-5)]
    }


def one(run: Path, *requests: tuple[float, float, str, int]) -> Arrivals:
    """One arrival of requests of (latency, service, name, status)."""
    writer = RequestWriter(run / "requests", "ward", "0", START)
    for latency, service, name, status in requests:
        writer.add(2.0, latency, service, writer.name("chart", name), status)
    writer.close()
    return read_arrivals(run, "ward")


def test_time_between_requests_is_queue(tmp_path: Path) -> None:
    found = one(tmp_path, (0.3, 0.1, "GET", 200), (1.0, 0.2, "POST", 201))
    assert found.latency.tolist() == pytest.approx([1.0])
    assert found.service.tolist() == pytest.approx([0.3])
    assert found.queue.tolist() == pytest.approx([0.7])
    assert found.availability == 100


def test_who_was_never_served_is_in_flight_without_a_request(tmp_path: Path) -> None:
    found = one(tmp_path, (4.0, 0.0, "", IN_FLIGHT))
    assert (found.requests.tolist(), found.count(Outcome.IN_FLIGHT)) == ([0], 1)
    assert found.queue.tolist() == found.latency.tolist() == [4.0]


def test_a_part_of_the_arrivals(tmp_path: Path) -> None:
    visits: list[Visit] = [(0, at % 3, at, [(0.5, 200 if at < 6 else 503)]) for at in range(9)]
    write(tmp_path, visits, range(9))
    found = read_arrivals(tmp_path, "ward")
    assert sorted(found.between(1.25, 1.75).due) == [1.25, 1.5]
    assert sorted(found.of("order").due) == [1.25, 2.0, 2.75]
    assert len(found.of("unheard of")) == 0
    assert found.availability == pytest.approx(200 / 3)
    assert found.between(1.0, 2.0).availability == 100


def test_a_load_that_recorded_nothing_has_no_arrivals(tmp_path: Path) -> None:
    found = read_arrivals(tmp_path, "ward")
    assert len(found) == 0
    assert isnan(found.availability)
    assert percentile(found.latency, 99) is None


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.1, 100))
def test_a_percentile_did_occur_and_covers_its_share(values: list[float], percent: float) -> None:
    found = percentile(np.array(values), percent)
    assert found in values
    assert np.mean(np.array(values) <= found) >= percent / 100 - 1e-9
