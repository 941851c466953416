"""What came of a load, computed from its binary journal after it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeblue.journal import (
    REQUEST_DTYPE,
    Arrivals,
    Outcome,
    RequestFile,
    RunDirectory,
    read_arrivals,
    request_files,
)
from codeblue.journal.arrivals import percentile
from codeblue.load.channel import Message
from codeblue.load.planning.plan import LoadPlan

__all__ = [
    "Arrivals",
    "JourneyResult",
    "LoadResult",
    "Outcome",
    "arrivals_of",
    "percentile",
    "request_names",
    "requests_of",
    "summarise",
]

# A generator that uses more than this share of its core cannot tell its own delays from others'.
_CPU_BOUND = 0.9


@dataclass(frozen=True)
class JourneyResult:
    """The arrivals of one stream: issued = ok + failed + dropped + in flight.

    Times are in milliseconds. ``p50`` to ``p99`` are from when an arrival was due until its last
    request ended; the service is what its requests took once sent, the queue is the rest. What
    failed is part of them, and so is what is in flight, with the age it had reached: a percentile
    is never better than what a patient saw. ``None``: nothing was recorded.
    """

    issued: int
    ok: int
    failed: int
    in_flight: int
    dropped: int
    """Arrivals that were due and that no record speaks of: they sent nothing."""
    requests: int
    """Requests that all these arrivals sent."""
    p50: float | None
    p95: float | None
    p99: float | None
    service_p50: float | None
    service_p99: float | None
    queue_p99: float | None

    @property
    def availability(self) -> float:
        """Percent of what was issued that came to a good end; not a number if nothing was."""
        return 100 * self.ok / self.issued if self.issued else nan


@dataclass(frozen=True)
class LoadResult:
    """A load and what became of it: issued = ok + failed + dropped + in flight."""

    label: str
    started: float
    """When the first arrival could come, seconds since the epoch; 0 when the generator died."""
    seconds: float
    workers: int
    journeys: dict[str, JourneyResult]
    lateness_p99_ms: float
    cpu_us_per_request: float
    reason: str
    """Why the load says nothing about the platform; empty when it was honest."""

    @property
    def generator_honest(self) -> bool:
        """Whether the numbers are the platform's and not the generator's."""
        return not self.reason

    @property
    def issued(self) -> int:
        """Arrivals that were due, whatever became of them."""
        return sum(journey.issued for journey in self.journeys.values())

    @property
    def ok(self) -> int:
        """Arrivals whose every request was answered with a status from 200 to 399, and used."""
        return sum(journey.ok for journey in self.journeys.values())

    @property
    def failed(self) -> int:
        """Arrivals with a request that had any other answer, an error, or a timeout."""
        return sum(journey.failed for journey in self.journeys.values())

    @property
    def in_flight(self) -> int:
        """Arrivals with a request that was unanswered when the load ended, and none that failed."""
        return sum(journey.in_flight for journey in self.journeys.values())

    @property
    def dropped(self) -> int:
        """Arrivals that were due and that no record speaks of."""
        return sum(journey.dropped for journey in self.journeys.values())

    @property
    def availability(self) -> float:
        """Percent of all that was issued that came to a good end."""
        return 100 * self.ok / self.issued if self.issued else nan

    def fields(self) -> dict[str, Any]:
        """The fields of the ``load-finished`` event."""
        return {
            "load": self.label,
            "workers": self.workers,
            "seconds": self.seconds,
            "issued": self.issued,
            "ok": self.ok,
            "failed": self.failed,
            "in_flight": self.in_flight,
            "dropped": self.dropped,
            "lateness_p99_ms": self.lateness_p99_ms,
            "cpu_us_per_request": self.cpu_us_per_request,
            "generator_honest": self.generator_honest,
            "reason": self.reason,
            "journeys": {name: asdict(journey) for name, journey in self.journeys.items()},
        }


def requests_of(run: RunDirectory, label: str) -> NDArray[np.void]:
    """All request records of the load ``label``, over all workers, as ``REQUEST_DTYPE``.

    ``name`` is an index into ``request_names(run, label)``.
    """
    files = list(request_files(run.path, label))
    names = _names(files)
    for file in files:
        numbers = np.array([names.index(name) for name in file.names], np.uint16)
        file.records["name"] = numbers[file.records["name"]]
    return np.concatenate([np.empty(0, REQUEST_DTYPE), *(file.records for file in files)])


def request_names(run: RunDirectory, label: str) -> list[tuple[str, str]]:
    """The pairs of a stream and a request that the load ``label`` recorded, over all workers."""
    return _names(request_files(run.path, label))


def _names(files: Iterable[RequestFile]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(name for file in files for name in file.names))


def arrivals_of(run: RunDirectory, label: str) -> Arrivals:
    """The arrivals of the load ``label`` that were recorded, over all workers."""
    return read_arrivals(run.path, label)


def summarise(run: RunDirectory, plan: LoadPlan, report: Message) -> LoadResult:
    """The result of ``plan``, from its journals and what its generator reported at its end.

    ``report`` has a ``reason``, empty or why the load ended before its time. Unless the generator
    died, it also has ``planned`` (arrivals due until the end, per stream of the plan), ``started``
    (seconds since the epoch), ``elapsed`` (s), ``lateness_p99`` (s, of the worst worker), ``cpu``
    (s, of all workers), ``cpu_share`` (of a core, of the worst worker) and ``workers``.
    """
    arrivals = arrivals_of(run, plan.label)
    planned = report.get("planned", [0] * len(plan.journeys))
    journeys = {
        stream: _journey(arrivals.of(stream), due)
        for stream, due in zip(plan.journeys, planned, strict=True)
    }
    result = LoadResult(
        label=plan.label,
        started=report.get("started", arrivals.started),
        seconds=round(report.get("elapsed", 0.0), 3),
        workers=report.get("workers", plan.workers),
        journeys=journeys,
        lateness_p99_ms=round(report.get("lateness_p99", 0.0) * 1000, 2),
        cpu_us_per_request=round(
            report.get("cpu", 0.0) * 1e6 / max(int(arrivals.requests.sum()), 1), 1
        ),
        reason=report["reason"],
    )
    return result if result.reason else replace(result, reason=_own_fault(plan, report, result))


def _journey(arrivals: Arrivals, planned: int) -> JourneyResult:
    issued = max(planned, len(arrivals))
    p50, p95, p99 = _milliseconds(arrivals.latency, 50, 95, 99)
    service_p50, service_p99 = _milliseconds(arrivals.service, 50, 99)
    (queue_p99,) = _milliseconds(arrivals.queue, 99)
    return JourneyResult(
        issued=issued,
        ok=arrivals.count(Outcome.OK),
        failed=arrivals.count(Outcome.FAILED),
        in_flight=arrivals.count(Outcome.IN_FLIGHT),
        dropped=issued - len(arrivals),
        requests=int(arrivals.requests.sum()),
        p50=p50,
        p95=p95,
        p99=p99,
        service_p50=service_p50,
        service_p99=service_p99,
        queue_p99=queue_p99,
    )


def _milliseconds(seconds: NDArray[np.float32], *percents: float) -> list[float | None]:
    """Percentiles in milliseconds, to the microsecond."""
    found = (percentile(seconds, percent) for percent in percents)
    return [None if value is None else round(value * 1000, 3) for value in found]


def _own_fault(plan: LoadPlan, report: Message, result: LoadResult) -> str:
    late, bound, share = report["lateness_p99"], plan.lateness_bound, report["cpu_share"]
    if late > bound:
        return (
            f"the generator itself was late: 1 % of arrivals were issued more than "
            f"{late * 1000:.0f} ms after they were due (bound {bound * 1000:.0f} ms)"
        )
    if result.dropped:
        return f"{result.dropped} arrivals sent no request: a journey raised, or had nothing to do"
    if share > _CPU_BOUND:
        return f"the generator itself was busy {share:.0%} of the time (bound {_CPU_BOUND:.0%})"
    return ""
