"""What a load in progress has come to so far, from its request journals and its schedule.

The schedule says who was due, the journals say who was answered; whoever is due and not answered
waits. So the picture is the same for one worker and for forty, and needs no word from any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from codeblue.journal import IN_FLIGHT, REQUEST_DTYPE, RunDirectory
from codeblue.journal.arrivals import Outcome, outcomes
from codeblue.load import LoadPlan
from codeblue.load.ledger import worker_files
from codeblue.load.planning.arrivals import Offsets
from codeblue.load.result import percentile

LAST = 5.0
"""Seconds of arrivals that the percentiles look back on."""
LAG = 0.6
"""Seconds by which the picture is late: workers write every 0.5 s, what is older is on disk."""

Records = NDArray[np.void]
Seconds = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Glance:
    """How the arrivals of one stream, or of all, stand; percentiles in milliseconds.

    An arrival is answered with its first request, and failed with its first bad one. The
    percentiles are of those due in the last seconds, whoever still waits with the age so far.
    """

    due: int
    answered: int
    failed: int
    waiting: int
    oldest: float
    """Seconds that the longest waiting arrival has waited."""
    p50: float | None
    p99: float | None


@dataclass(frozen=True)
class Picture:
    """A load ``elapsed`` seconds after its start: each stream, and all of them together."""

    elapsed: float
    streams: dict[str, Glance]
    total: Glance


class Following:
    """Follows the load ``plan`` of ``run`` while its workers write."""

    def __init__(self, run: RunDirectory, plan: LoadPlan) -> None:
        self._folder = run.requests
        self._plan = plan
        self._streams = {name: _Stream(plan.due(name)) for name in plan.journeys}
        self._tails: dict[Path, _Tail] = {}

    def look(self, now: float) -> Picture | None:
        """The picture at ``now`` (seconds since the epoch); ``None`` before the start."""
        for path in worker_files(self._folder, self._plan.label, ".bin"):
            tail = self._tails.setdefault(path, _Tail(path))
            for stream, records in tail.new():
                self._streams[stream].take(records)
        began = [tail.started for tail in self._tails.values() if tail.started is not None]
        at = now - min(began, default=now) - LAG
        if at <= 0:
            return None
        each = {name: stream.standing(at) for name, stream in self._streams.items()}
        streams = {name: _glance([standing]) for name, standing in each.items()}
        return Picture(min(at, self._plan.seconds), streams, _glance(list(each.values())))


@dataclass(frozen=True)
class _Standing:
    due: int
    failed: int
    waiting: int
    oldest: float
    recent: Seconds


class _Stream:
    """The arrivals of one stream, and what is known of each; ``due`` is strictly increasing."""

    def __init__(self, due: Offsets) -> None:
        self._due = due
        self._latency = np.full(len(due), np.nan, np.float32)
        self._failed = np.zeros(len(due), np.bool_)

    def take(self, records: Records) -> None:
        """Note which arrivals ``records`` speak of; they carry their due times bit for bit."""
        records = records[records["status"] != IN_FLIGHT]
        at = np.searchsorted(self._due, records["intended"])
        # A journal of another schedule would be a fault of its own; here it must not end the run.
        at = np.minimum(at, len(self._due) - 1)
        np.fmax.at(self._latency, at, records["latency"])
        self._failed[at[outcomes(records["status"]) == Outcome.FAILED]] = True

    def standing(self, at: float) -> _Standing:
        """How those stand who were due until ``at`` seconds after the start."""
        first, end = np.searchsorted(self._due, (at - LAST, at))
        waits = np.isnan(self._latency[:end])
        oldest = at - self._due[int(waits.argmax())] if waits.any() else 0.0
        age = at - self._due[first:end]
        return _Standing(
            due=int(end),
            failed=int(np.count_nonzero(self._failed[:end])),
            waiting=int(np.count_nonzero(waits)),
            oldest=float(oldest),
            recent=np.where(waits[first:], age, self._latency[first:end]),
        )


def _glance(standings: Sequence[_Standing]) -> Glance:
    recent = np.concatenate([each.recent for each in standings]) * 1000
    due, waiting = sum(each.due for each in standings), sum(each.waiting for each in standings)
    return Glance(
        due=due,
        answered=due - waiting,
        failed=sum(each.failed for each in standings),
        waiting=waiting,
        oldest=max(each.oldest for each in standings),
        p50=percentile(recent, 50),
        p99=percentile(recent, 99),
    )


class _Tail:
    """Reads what is appended to the journal of one worker."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._streams: NDArray[np.object_] = np.empty(0, object)
        self.started: float | None = None

    def new(self) -> Iterator[tuple[str, Records]]:
        """The whole records written since the last call, by the stream that they belong to."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            raw = file.read()
        records = np.frombuffer(raw[: len(raw) - len(raw) % REQUEST_DTYPE.itemsize], REQUEST_DTYPE)
        if not len(records):
            return
        if int(records["name"].max()) >= len(self._streams):
            # The header is on disk before the first record that uses a new name of it.
            self._describe()
        self._offset += records.nbytes
        streams = self._streams[records["name"]]
        for stream in set(streams):
            yield stream, records[streams == stream]

    def _describe(self) -> None:
        header = orjson.loads(self._path.with_suffix(".names.json").read_bytes())
        self.started = float(header["started"])
        self._streams = np.array([stream for stream, _ in header["names"]], object)
