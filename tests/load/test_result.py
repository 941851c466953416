from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.journal import IN_FLIGHT, RequestWriter, RunDirectory
from codeblue.load import LoadPlan
from codeblue.load.result import percentile, summarise

PLAN = LoadPlan(label="usual", journeys={"booking": 1, "ordering": 1}, seconds=5)
REPORT = {
    "issued": {"booking": 5, "ordering": 0},
    "lateness_p99": 0.002,
    "cpu": 0.5,
    "elapsed": 5.0,
    "started": 1000.0,
    "reason": "",
}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory.create(tmp_path, "test")
    writer = RequestWriter(run.requests, "usual", "0", list(PLAN.journeys))
    for latency, status in ((0.1, 200), (0.2, 201), (0.3, 503), (3.0, IN_FLIGHT)):
        writer.add(1000.0, latency, latency, 0, status)
    writer.close()
    return run


def test_everything_issued_is_accounted_for(run: RunDirectory) -> None:
    result = summarise(run, PLAN, REPORT)
    assert (result.issued, result.ok, result.failed) == (5, 2, 1)
    assert (result.in_flight, result.dropped) == (1, 1)
    assert result.availability == 40
    assert result.journeys["booking"].p99 == pytest.approx(3000)
    assert result.journeys["booking"].p50 == pytest.approx(200)


def test_a_journey_without_requests_has_no_percentiles(run: RunDirectory) -> None:
    ordering = summarise(run, PLAN, REPORT).journeys["ordering"]
    assert (ordering.issued, ordering.p50, ordering.p99) == (0, None, None)
    assert np.isnan(ordering.availability)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({"lateness_p99": 0.2}, "itself was late: .* 200 ms .*bound 100 ms"),
        ({"cpu": 4.9, "issued": {"booking": 4}}, "itself was busy 98%"),
        ({}, "1 arrivals sent no request"),
        ({"reason": "the disk is full"}, "the disk is full"),
    ],
)
def test_a_generator_at_fault_says_so(
    run: RunDirectory, report: dict[str, object], words: str
) -> None:
    result = summarise(run, PLAN, REPORT | report)
    assert not result.generator_honest
    assert re.search(words, result.reason)


def test_a_generator_that_died_keeps_what_it_recorded(run: RunDirectory) -> None:
    result = summarise(run, PLAN, {"reason": "it died"})
    assert (result.issued, result.dropped, result.generator_honest) == (4, 0, False)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.1, 100))
def test_a_percentile_did_occur_and_covers_its_share(values: list[float], percent: float) -> None:
    found = percentile(np.array(values), percent)
    assert found in values
    assert np.mean(np.array(values) <= found) >= percent / 100 - 1e-9
