"""Arrivals -> the columns that the charts and their tables show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeblue.journal import Arrivals, Outcome
from codeblue.render._loads import StreamRow

MAX_POINTS = 600
Column = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Timeline:
    """The arrivals of a run over time, at most ``MAX_POINTS`` points.

    ``second`` counts from the start of the run, ``width`` is the seconds between two points.
    ``arrivals`` = ``ok`` + ``failed`` + ``in_flight`` were due in that second, whenever they were
    answered; ``median_ms`` and ``p99_ms`` are theirs, not a number where nobody came. ``waiting``
    is how many were due and unanswered at once. Of a run with more seconds than points, each
    point has the worst second of its interval, so no peak is lost.
    """

    width: int
    second: Column
    arrivals: Column
    ok: Column
    failed: Column
    in_flight: Column
    waiting: Column
    median_ms: Column
    p99_ms: Column


def over_time(loads: Sequence[Arrivals], origin: float) -> Timeline:
    """All arrivals of all loads by the second in which they were due, since ``origin`` (epoch)."""
    due = np.concatenate([load.started - origin + load.due for load in loads])
    latency = np.concatenate([load.latency for load in loads])
    outcome = np.concatenate([load.outcome for load in loads])
    first = int(np.floor(due.min()))
    seconds = int(np.floor((due + latency).max())) - first + 1
    width = -(-seconds // MAX_POINTS)
    at = np.floor(due).astype(np.int64) - first
    count = partial(np.bincount, minlength=seconds)
    came, failed, in_flight = (
        _worst(count(each), width)
        for each in (at, at[outcome == Outcome.FAILED], at[outcome == Outcome.IN_FLIGHT])
    )
    median, p99 = _percentiles(at, latency, seconds)
    return Timeline(
        width=width,
        second=first + width * np.arange(len(came), dtype=np.float64),
        arrivals=came,
        ok=np.maximum(came - failed - in_flight, 0.0),
        failed=failed,
        in_flight=in_flight,
        waiting=_worst(_waiting(due, latency, first, seconds), width),
        median_ms=_worst(1_000 * median, width),
        p99_ms=_worst(1_000 * p99, width),
    )


def _worst(values: NDArray[Any], width: int) -> Column:
    """The greatest of every ``width`` values; those that are not numbers count for nothing."""
    worst: Column = np.fmax.reduceat(values, np.arange(0, len(values), width)).astype(np.float64)
    return worst


def _percentiles(
    at: NDArray[np.int64], latency: NDArray[np.float32], seconds: int
) -> tuple[Column, Column]:
    """The nearest-rank median and 99th percentile of each second, in seconds."""
    counts = np.bincount(at, minlength=seconds)
    values = latency[np.argsort(at, kind="stable")]
    ends = np.cumsum(counts)
    median, p99 = np.full(seconds, np.nan), np.full(seconds, np.nan)
    for second in np.flatnonzero(counts):
        count, end = int(counts[second]), int(ends[second])
        part = values[end - count : end]
        middle, high = (-(-count * percent // 100) - 1 for percent in (50, 99))
        part.partition(sorted({middle, high}))
        median[second], p99[second] = part[middle], part[high]
    return median, p99


def _waiting(
    due: NDArray[np.float64], latency: NDArray[np.float32], first: int, seconds: int
) -> NDArray[np.int64]:
    """How many arrivals were due and unanswered at once: the most in each second."""
    # Both consist of a few sorted runs, one per stream and worker, which a stable sort only merges.
    begun, done = np.sort(due, kind="stable"), np.sort(due + latency, kind="stable")
    level = np.arange(1, len(begun) + 1) - np.searchsorted(done, begun)
    most = np.zeros(seconds, np.int64)
    np.maximum.at(most, np.floor(begun).astype(np.int64) - first, level)
    marks = first + np.arange(1, seconds)
    most[1:] = np.maximum(most[1:], np.searchsorted(begun, marks) - np.searchsorted(done, marks))
    return most


def by_journey(rows: Sequence[StreamRow]) -> dict[str, tuple[int, int, int, int]]:
    """Arrivals that were ok, failed, in flight at the end and dropped, of each journey."""
    found: dict[str, tuple[int, int, int, int]] = {}
    for row in rows:
        before = found.get(row.name, (0, 0, 0, 0))
        mine = (row.ok, row.failed, row.in_flight, row.dropped)
        ok, failed, in_flight, dropped = (a + b for a, b in zip(before, mine, strict=True))
        found[row.name] = (ok, failed, in_flight, dropped)
    return dict(sorted(found.items()))
