from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.journal import IN_FLIGHT, RequestWriter
from codeblue.render._frames import MAX_POINTS, by_journey, over_time, requests_of

ORIGIN = 1_790_000_000.0


def frame_of(rows: list[tuple[float, float, int]]) -> pd.DataFrame:
    """Requests from (intended since the origin, latency, status)."""
    table = np.array(rows, dtype=float)
    return pd.DataFrame(
        {
            "load": "ward",
            "journey": "booking",
            "intended": ORIGIN + table[:, 0],
            "latency": table[:, 1].astype("f4"),
            "status": table[:, 2].astype("u2"),
        }
    )


def test_a_stall_shows_in_the_second_when_its_requests_were_due() -> None:
    frame = over_time(frame_of([(0.5, 0.01, 200), (1.2, 3.0, 503), (5.0, 0.01, 200)]), ORIGIN)
    assert frame["second"].tolist() == [0, 1, 2, 3, 4, 5]
    assert frame["p99_ms"].iloc[1] == pytest.approx(3_000)
    assert frame["median_ms"].isna().tolist() == [False, False, True, True, True, False]
    assert frame["in_flight"].tolist() == [1, 1, 1, 1, 1, 1]
    assert frame["errors"].tolist() == [0, 1, 0, 0, 0, 0]


def test_in_flight_is_neither_answered_nor_an_error() -> None:
    frame = over_time(frame_of([(0.5, 9.0, IN_FLIGHT), (0.6, 0.1, 0)]), ORIGIN)
    assert (frame["errors"].sum(), frame["unanswered"].sum()) == (1, 1)
    (row,) = by_journey(frame_of([(0.5, 9.0, IN_FLIGHT), (0.6, 0.1, 0)])).itertuples()
    assert (row.answered, row.errors, row.unanswered) == (0, 1, 1)


requests = st.lists(
    st.tuples(
        st.integers(0, 20_000).map(lambda quarters: quarters / 4),  # exact beside an epoch
        st.floats(0, 60, width=32),
        st.sampled_from([0, 200, 409, 503, IN_FLIGHT]),
    ),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=40)
@given(requests)
def test_downsampling_loses_no_peak(rows: list[tuple[float, float, int]]) -> None:
    frame = over_time(frame_of(rows), ORIGIN)
    assert len(frame) <= MAX_POINTS
    assert frame["in_flight"].max() >= 1
    per_second = pd.Series([latency for _, latency, _ in rows]).groupby(
        [int(due) for due, *_ in rows]
    )
    worst = per_second.quantile(0.99).max() * 1_000
    assert frame["p99_ms"].max() == pytest.approx(worst, rel=1e-3, abs=1e-3)


def test_torn_and_senseless_records_are_dropped(tmp_path: Path) -> None:
    writer = RequestWriter(tmp_path / "requests", "ward", "0", ["booking"])
    writer.add(ORIGIN, 0.01, 0.01, 0, 200)
    writer.add(0.0, 0.01, 0.01, 0, 200)
    writer.add(ORIGIN, float("nan"), 0.01, 0, 200)
    writer.close()
    with (tmp_path / "requests" / "ward-0.bin").open("ab") as file:
        file.write(b"torn")
    frame = requests_of(tmp_path, ORIGIN - 1, ORIGIN + 10)
    assert frame is not None
    assert len(frame) == 1
