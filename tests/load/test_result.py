from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from codeblue.journal import IN_FLIGHT, RequestWriter, RunDirectory
from codeblue.load.planning.plan import LoadPlan
from codeblue.load.result import arrivals_of, request_names, requests_of, summarise

PLAN = LoadPlan.model_validate(
    {"label": "usual", "journeys": {"booking": 1, "ordering": 1}, "seconds": 5, "workers": 2}
)
REPORT = {
    "planned": [5, 0],
    "lateness_p99": 0.002,
    "cpu": 0.6,
    "cpu_share": 0.1,
    "elapsed": 5.0,
    "started": 1000.0,
    "reason": "",
    "workers": 2,
}

# of two workers: due, latency, service, request, status
RECORDS = {
    "0": [
        (0.5, 0.1, 0.1, "GET", 200),
        (0.5, 0.3, 0.1, "POST", 201),
        (1.0, 0.2, 0.2, "GET", 503),
    ],
    "1": [(1.5, 0.4, 0.1, "GET", 200), (2.0, 3.0, 0.0, "", IN_FLIGHT)],
}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory.create(tmp_path, "test")
    for worker, records in RECORDS.items():
        writer = RequestWriter(run.requests, "usual", worker, 1000.0)
        if worker == "1":
            writer.name("ordering", "never sent")
        for due, latency, service, request, status in records:
            writer.add(due, latency, service, writer.name("booking", request), status)
        writer.close()
    return run


def test_everything_issued_is_accounted_for(run: RunDirectory) -> None:
    result = summarise(run, PLAN, REPORT)
    assert (result.issued, result.ok, result.failed) == (5, 2, 1)
    assert (result.in_flight, result.dropped) == (1, 1)
    assert result.issued == result.ok + result.failed + result.in_flight + result.dropped
    assert (result.availability, result.workers) == (40, 2)
    assert result.cpu_us_per_request == 150_000


def test_times_are_those_of_whole_arrivals(run: RunDirectory) -> None:
    booking = summarise(run, PLAN, REPORT).journeys["booking"]
    assert booking.requests == 4
    assert (booking.p50, booking.p95, booking.p99) == pytest.approx((300, 3000, 3000))
    assert (booking.service_p50, booking.service_p99) == pytest.approx((100, 200))
    assert booking.queue_p99 == pytest.approx(3000)


def test_a_journey_without_arrivals_has_no_percentiles(run: RunDirectory) -> None:
    ordering = summarise(run, PLAN, REPORT).journeys["ordering"]
    assert (ordering.issued, ordering.dropped, ordering.requests) == (0, 0, 0)
    assert (ordering.p50, ordering.p99, ordering.queue_p99) == (None, None, None)
    assert np.isnan(ordering.availability)


def test_the_event_says_all_of_it(run: RunDirectory) -> None:
    fields = summarise(run, PLAN, REPORT).fields()
    booking = fields["journeys"]["booking"]
    assert (fields["load"], fields["workers"], fields["generator_honest"]) == ("usual", 2, False)
    assert fields["issued"] == booking["issued"] == 5
    assert booking["dropped"] == 1
    assert booking["service_p99"] == pytest.approx(200)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({"lateness_p99": 0.2}, "itself was late: .* 200 ms .*bound 100 ms"),
        ({"planned": [4, 0], "cpu_share": 0.98}, "itself was busy 98%"),
        ({}, "1 arrivals sent no request"),
        ({"reason": "the disk is full"}, "^the disk is full$"),
        ({"planned": [4, 0]}, "^$"),
    ],
)
def test_a_generator_at_fault_says_so(
    run: RunDirectory, report: dict[str, object], words: str
) -> None:
    result = summarise(run, PLAN, REPORT | report)
    assert result.generator_honest == (words == "^$")
    assert re.search(words, result.reason)


def test_a_generator_that_died_keeps_what_it_recorded(run: RunDirectory) -> None:
    result = summarise(run, PLAN, {"reason": "it died"})
    assert (result.issued, result.dropped, result.generator_honest) == (4, 0, False)
    assert result.started == 1000.0


def test_requests_of_all_workers_are_numbered_alike(run: RunDirectory) -> None:
    records, names = requests_of(run, "usual"), request_names(run, "usual")
    said = [names[number] for number in records["name"]]
    assert said == [("booking", request) for request in ("GET", "POST", "GET", "GET", "")]
    assert records["status"].tolist() == [200, 201, 503, 200, IN_FLIGHT]
    assert len(requests_of(run, "another")) == 0


def test_arrivals_of_a_window(run: RunDirectory) -> None:
    arrivals = arrivals_of(run, "usual")
    assert (len(arrivals), arrivals.started) == (4, 1000.0)
    assert arrivals.between(0, 1.25).availability == 50
