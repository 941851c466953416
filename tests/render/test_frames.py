from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.journal.arrivals import Arrivals, Outcome, percentile
from codeblue.render._frames import MAX_POINTS, Timeline, over_time

ORIGIN = 1_790_000_000.0
Row = tuple[float, float, Outcome]


def load_of(rows: list[Row], started: float = ORIGIN) -> Arrivals:
    """Arrivals from (due since the start, latency, outcome)."""
    due, latency, outcome = (np.array(column) for column in zip(*rows, strict=True))
    return Arrivals(
        started=started,
        streams=("booking",),
        stream=np.zeros(len(rows), np.uint16),
        due=due.astype(np.float64),
        latency=latency.astype(np.float32),
        service=latency.astype(np.float32),
        requests=np.ones(len(rows), np.uint32),
        outcome=outcome.astype(np.uint8),
    )


def timeline(*rows: Row) -> Timeline:
    return over_time([load_of(list(rows))], ORIGIN)


def test_a_stall_shows_in_the_second_when_its_arrivals_were_due() -> None:
    found = timeline((0.5, 0.01, Outcome.OK), (1.2, 3.0, Outcome.FAILED), (5.0, 0.01, Outcome.OK))
    assert found.second.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.p99_ms[1] == pytest.approx(3_000)
    assert np.isnan(found.median_ms).tolist() == [False, False, True, True, True, False]
    assert found.arrivals.tolist() == [1, 1, 0, 0, 0, 1]
    assert found.ok.tolist() == [1, 0, 0, 0, 0, 1]
    assert found.failed.tolist() == [0, 1, 0, 0, 0, 0]


def test_who_waits_is_counted_until_the_answer() -> None:
    found = timeline(*((0.1 * at, 2.5, Outcome.OK) for at in range(5)), (3.5, 0.1, Outcome.OK))
    assert found.waiting.tolist() == [5, 5, 5, 1]


def test_in_flight_is_neither_ok_nor_failed() -> None:
    found = timeline((0.5, 9.0, Outcome.IN_FLIGHT), (0.6, 0.1, Outcome.FAILED))
    assert (found.ok.sum(), found.failed.sum(), found.in_flight.sum()) == (0, 1, 1)


def test_loads_stand_where_they_were_in_the_run() -> None:
    early, late = load_of([(0.5, 0.1, Outcome.OK)]), load_of([(0.5, 0.1, Outcome.OK)], ORIGIN + 4)
    assert over_time([early, late], ORIGIN - 2).second.tolist() == [2, 3, 4, 5, 6]


def test_a_percentile_of_a_second_did_occur() -> None:
    rows = [(at / 1000, at / 100, Outcome.OK) for at in range(1, 200)]
    found = timeline(*rows)
    latencies = np.array([latency for _, latency, _ in rows], np.float32)
    assert found.median_ms[0] == pytest.approx(1_000 * (percentile(latencies, 50) or 0))
    assert found.p99_ms[0] == pytest.approx(1_000 * (percentile(latencies, 99) or 0))


ROWS = st.lists(
    st.tuples(
        st.integers(0, 20_000).map(lambda quarters: quarters / 4),
        st.floats(0, 60, width=32),
        st.sampled_from(list(Outcome)),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60)
@given(ROWS)
def test_downsampling_loses_no_peak(rows: list[Row]) -> None:
    found = timeline(*rows)
    assert len(found.second) <= MAX_POINTS
    assert found.waiting.max() >= 1
    by_second: dict[int, list[Row]] = {}
    for row in rows:
        by_second.setdefault(int(row[0]), []).append(row)
    worst = max(percentile(np.array([row[1] for row in s]), 99) or 0 for s in by_second.values())
    assert np.nanmax(found.p99_ms) == pytest.approx(1_000 * worst, rel=1e-5)
    assert found.arrivals.max() == max(map(len, by_second.values()))
    failed = [sum(row[2] is Outcome.FAILED for row in second) for second in by_second.values()]
    assert found.failed.max() == max(failed)


@settings(max_examples=60)
@given(ROWS)
def test_waiting_is_what_counting_one_by_one_finds(rows: list[Row]) -> None:
    spans = [(due, due + latency) for due, latency, _ in rows]
    most = max(sum(begun <= at <= done for begun, done in spans) for at, _ in spans)
    assert timeline(*rows).waiting.max() == most
