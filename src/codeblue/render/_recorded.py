"""Request journals -> what the workers of each load recorded: arrivals, and requests by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codeblue.journal import Arrivals, Outcome, RequestFile, request_files
from codeblue.journal.arrivals import arrivals_in, joined, outcomes, percentile
from codeblue.render._fields import clean

_SLACK_SECONDS = 3_600.0
Name = tuple[str, str]


@dataclass(frozen=True)
class RequestRow:
    """The requests of one name within one stream: how many, and what they took once sent (ms)."""

    stream: str
    request: str
    sent: int
    failed: int
    in_flight: int
    p50: float | None
    p99: float | None


@dataclass(frozen=True, eq=False)
class RecordedLoad:
    """What all workers of a load recorded."""

    arrivals: Arrivals
    requests: tuple[RequestRow, ...]


Recorded = Mapping[str, RecordedLoad]


def recorded_loads(run: Path, start: float, end: float) -> dict[str, RecordedLoad] | None:
    """What was recorded of each load between ``start`` and ``end`` (epoch seconds), or None.

    None means that the record is there and cannot be read; a run without load has none. A load
    whose header an interrupted write left without a plausible time is left out.
    """
    parts: dict[str, list[_Part]] = {}
    try:
        for file in request_files(run):
            if start - _SLACK_SECONDS <= file.started <= end + _SLACK_SECONDS:
                parts.setdefault(file.load, []).append(_part(file))
    except (OSError, ValueError):
        return None
    return {
        load: _whole(mine) for load, mine in parts.items() if any(len(p.arrivals) for p in mine)
    }


@dataclass(frozen=True, eq=False)
class _Part:
    """What one worker recorded: its arrivals, and (service, outcome) of the requests by name."""

    arrivals: Arrivals
    requests: dict[Name, tuple[NDArray[np.float32], NDArray[np.uint8]]]


def _part(file: RequestFile) -> _Part:
    return _Part(arrivals_in(file), dict(_by_name(file)))


def _by_name(
    file: RequestFile,
) -> Iterator[tuple[Name, tuple[NDArray[np.float32], NDArray[np.uint8]]]]:
    order = np.argsort(file.records["name"], kind="stable")
    service = file.records["service"][order]
    ends = outcomes(file.records["status"])[order]
    counts = np.bincount(file.records["name"], minlength=len(file.names))
    for name, last, count in zip(file.names, np.cumsum(counts), counts, strict=True):
        # An arrival that sent nothing is recorded under no name.
        if count and name[1]:
            yield name, (service[last - count : last], ends[last - count : last])


def _whole(parts: Sequence[_Part]) -> RecordedLoad:
    names = dict.fromkeys(name for part in parts for name in part.requests)
    rows = (_row(name, [p.requests[name] for p in parts if name in p.requests]) for name in names)
    ordered = sorted(rows, key=lambda row: (row.stream, -row.sent, row.request))
    return RecordedLoad(joined([part.arrivals for part in parts]), tuple(ordered))


def _row(name: Name, parts: Sequence[tuple[NDArray[np.float32], NDArray[np.uint8]]]) -> RequestRow:
    service = 1_000 * np.concatenate([service for service, _ in parts])
    ends = np.concatenate([ends for _, ends in parts])
    return RequestRow(
        stream=clean(name[0]),
        request=clean(name[1]),
        sent=len(ends),
        failed=int(np.count_nonzero(ends == Outcome.FAILED)),
        in_flight=int(np.count_nonzero(ends == Outcome.IN_FLIGHT)),
        p50=percentile(service, 50),
        p99=percentile(service, 99),
    )
