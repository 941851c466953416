"""Requests -> the frames that the charts and their tables show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codeblue.journal import IN_FLIGHT, TRANSPORT_FAILURE, read_requests

if TYPE_CHECKING:
    import pandas as pd

MAX_POINTS = 600
_SLACK_SECONDS = 3_600.0
_FIRST_ERROR_STATUS = 400


def requests_of(run: Path, start: float, end: float) -> pd.DataFrame | None:
    """The requests of the run between ``start`` and ``end`` (epoch seconds), or None.

    None means that the record is there and cannot be read; a run without load has no rows. Rows
    that an interrupted write left without a plausible time are dropped.
    """
    try:
        frame = read_requests(run)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    intended, latency = frame["intended"], frame["latency"]
    inside = intended.between(start - _SLACK_SECONDS, end + _SLACK_SECONDS)
    return frame[inside & latency.between(0.0, _SLACK_SECONDS)].reset_index(drop=True)


def over_time(requests: pd.DataFrame, origin: float) -> pd.DataFrame:
    """Latency, errors and requests in flight by intended time, at most ``MAX_POINTS`` rows.

    Columns: ``second`` (since ``origin``), ``requests``, ``median_ms``, ``p99_ms``, ``errors`` and
    ``unanswered`` (per second), ``in_flight``. Seconds without requests have no latency. A run of
    more than ``MAX_POINTS`` seconds keeps the worst second of each interval, so no peak is lost.
    """
    import pandas as pd

    seconds = _by_second(requests, origin)
    first = int(seconds.index.min())
    width = -(-(int(seconds.index.max()) - first + 1) // MAX_POINTS)
    bins = (seconds.index - first) // width
    worst = seconds.groupby(bins).agg("max")
    worst["median_ms"] = seconds["median_ms"].groupby(bins).median()
    every = pd.RangeIndex(int(worst.index.max()) + 1)
    frame = worst.reindex(every)
    left = seconds["left_open"].groupby(bins).last().reindex(every).ffill()
    frame["in_flight"] = frame["in_flight"].fillna(left)
    counts = ["requests", "errors", "unanswered"]
    frame[counts] = frame[counts].fillna(0).astype(int)
    frame.insert(0, "second", first + every * width)
    return frame.drop(columns="left_open").astype({"in_flight": int})


def _by_second(requests: pd.DataFrame, origin: float) -> pd.DataFrame:
    """One row per second in which a request was due or the number in flight changed."""
    import pandas as pd

    second = ((requests["intended"] - origin) // 1).astype(int)
    errors, unanswered = _outcomes(requests["status"])
    milliseconds = (requests["latency"].astype(float) * 1_000).groupby(second)
    columns = {
        "requests": milliseconds.size(),
        "median_ms": milliseconds.quantile(0.5),
        "p99_ms": milliseconds.quantile(0.99),
        "errors": errors.groupby(second).sum(),
        "unanswered": unanswered.groupby(second).sum(),
    }
    return pd.DataFrame(columns).join(_in_flight(requests, origin), how="outer").sort_index()


def _outcomes(status: pd.Series[int]) -> tuple[pd.Series[bool], pd.Series[bool]]:
    """Which requests ended in an error, and which never ended."""
    unanswered = status == IN_FLIGHT
    failed = (status == TRANSPORT_FAILURE) | (status >= _FIRST_ERROR_STATUS)
    return failed & ~unanswered, unanswered


def _in_flight(requests: pd.DataFrame, origin: float) -> pd.DataFrame:
    """Requests that were due and not answered, by second: the most at once, and those at its end.

    Columns: ``in_flight``, ``left_open``.
    """
    import pandas as pd

    begun = requests["intended"] - origin
    done = begun + requests["latency"].astype(float)
    steps = pd.Series([1.0] * len(begun) + [-1.0] * len(done), index=[*begun, *done])
    level = steps.sort_index(kind="stable").cumsum()
    seconds = level.groupby((level.index // 1).astype(int))
    left_open = seconds.last()
    peak = pd.concat([seconds.max(), left_open.shift(fill_value=0.0)], axis="columns").max(axis=1)
    return pd.DataFrame({"in_flight": peak, "left_open": left_open})


def by_journey(requests: pd.DataFrame) -> pd.DataFrame:
    """What became of the requests of each journey.

    Index: journey. Columns: ``answered``, ``errors``, ``unanswered`` (counts), ``median_ms``,
    ``p99_ms``.
    """
    import pandas as pd

    errors, unanswered = _outcomes(requests["status"])
    journey = requests["journey"].astype(str)
    milliseconds = (requests["latency"].astype(float) * 1_000).groupby(journey)
    columns = {
        "answered": (~errors & ~unanswered).groupby(journey).sum(),
        "errors": errors.groupby(journey).sum(),
        "unanswered": unanswered.groupby(journey).sum(),
        "median_ms": milliseconds.quantile(0.5),
        "p99_ms": milliseconds.quantile(0.99),
    }
    return pd.DataFrame(columns).sort_index()
