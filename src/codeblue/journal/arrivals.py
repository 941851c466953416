"""Requests -> arrivals: what became of every patient and clinician who came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeblue.journal.reading import RequestFile, request_files
from codeblue.journal.requests import IN_FLIGHT, REQUEST_DTYPE

_GOOD, _BAD = 200, 400  # HTTP's own borders


class Outcome(IntEnum):
    """What became of an arrival: the worst of its requests decides."""

    OK = 0
    IN_FLIGHT = 1
    FAILED = 2


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """The arrivals of one load as columns of equal length, in no particular order.

    ``stream`` is an index into ``streams``, ``due`` is in seconds from the start of the load
    (``started``, seconds since the epoch). ``latency`` (s) is from due until the end of the last
    request, ``service`` (s) the sum over the requests; what is in flight has the age it had
    reached. ``requests`` counts those that were sent; ``outcome`` holds values of ``Outcome``.
    """

    started: float
    streams: tuple[str, ...]
    stream: NDArray[np.uint16]
    due: NDArray[np.float64]
    latency: NDArray[np.float32]
    service: NDArray[np.float32]
    requests: NDArray[np.uint32]
    outcome: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.due)

    @property
    def availability(self) -> float:
        """Percent of the arrivals that came to a good end; not a number if there are none."""
        return 100 * self.count(Outcome.OK) / len(self) if len(self) else nan

    @property
    def queue(self) -> NDArray[np.float32]:
        """How long each arrival waited (s) while no request of it was under way."""
        waited: NDArray[np.float32] = np.maximum(self.latency - self.service, np.float32(0))
        return waited

    def count(self, outcome: Outcome) -> int:
        """How many arrivals came to this end."""
        return int(np.count_nonzero(self.outcome == outcome))

    def of(self, stream: str) -> Arrivals:
        """The arrivals of one stream; none when nothing of it was recorded."""
        index = self.streams.index(stream) if stream in self.streams else len(self.streams)
        return self.where(self.stream == index)

    def between(self, start: float, end: float) -> Arrivals:
        """The arrivals that were due in ``[start, end)``, whenever they were answered."""
        return self.where((self.due >= start) & (self.due < end))

    def where(self, chosen: NDArray[np.bool_]) -> Arrivals:
        """The arrivals for which ``chosen`` is true."""
        return replace(
            self,
            stream=self.stream[chosen],
            due=self.due[chosen],
            latency=self.latency[chosen],
            service=self.service[chosen],
            requests=self.requests[chosen],
            outcome=self.outcome[chosen],
        )


def read_arrivals(run: Path, load: str) -> Arrivals:
    """The arrivals of the load ``load``, over all workers of the run in the folder ``run``."""
    return joined([arrivals_in(file) for file in request_files(run, load)])


def arrivals_in(file: RequestFile) -> Arrivals:
    """The arrivals that one worker recorded; all requests of an arrival are the same worker's."""
    streams = tuple(dict.fromkeys(stream for stream, _ in file.names))
    numbers = np.array([streams.index(stream) for stream, _ in file.names], np.uint16)
    sent = np.array([request != "" for _, request in file.names], np.bool_)
    # Fields of packed records lie 20 bytes apart; side by side they are sorted twice as fast.
    due, latency, service, name, status = (
        np.ascontiguousarray(file.records[field]) for field in REQUEST_DTYPE.names or ()
    )
    stream = numbers[name]
    order = np.lexsort((due, stream))
    stream, due = stream[order], due[order]
    first = np.flatnonzero(_differs(stream) | _differs(due))
    return Arrivals(
        started=file.started,
        streams=streams,
        stream=stream[first],
        due=due[first],
        latency=np.maximum.reduceat(latency[order], first),
        service=np.add.reduceat(service[order], first),
        requests=np.add.reduceat(sent[name][order], first, dtype=np.uint32),
        outcome=np.maximum.reduceat(outcomes(status)[order], first),
    )


def outcomes(status: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """The ``Outcome`` of single requests."""
    found = np.full(len(status), Outcome.FAILED, np.uint8)
    found[(status >= _GOOD) & (status < _BAD)] = Outcome.OK
    found[status == IN_FLIGHT] = Outcome.IN_FLIGHT
    return found


def percentile(values: NDArray[np.floating[Any]], percent: float) -> float | None:
    """The nearest-rank percentile, in the unit given: a value that did occur, never above the most.

    ``None`` for no values.
    """
    if not len(values):
        return None
    return float(np.percentile(values, percent, method="inverted_cdf"))


def joined(parts: Sequence[Arrivals]) -> Arrivals:
    """The arrivals of several workers as one; the streams are numbered anew."""
    streams = tuple(dict.fromkeys(name for part in parts for name in part.streams))
    numbers = (np.array([streams.index(name) for name in p.streams], np.uint16) for p in parts)
    return Arrivals(
        started=min((part.started for part in parts), default=0.0),
        streams=streams,
        stream=_end_to_end(np.uint16, [n[p.stream] for n, p in zip(numbers, parts, strict=True)]),
        due=_end_to_end(np.float64, [part.due for part in parts]),
        latency=_end_to_end(np.float32, [part.latency for part in parts]),
        service=_end_to_end(np.float32, [part.service for part in parts]),
        requests=_end_to_end(np.uint32, [part.requests for part in parts]),
        outcome=_end_to_end(np.uint8, [part.outcome for part in parts]),
    )


def _end_to_end(kind: type[np.generic], parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *parts])


def _differs(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value is not the one before it; true for the first."""
    return np.concatenate([np.ones(min(len(values), 1), np.bool_), values[1:] != values[:-1]])
