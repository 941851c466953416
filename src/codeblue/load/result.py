"""What came of a load, computed from its binary journal after it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeblue.journal import IN_FLIGHT, REQUEST_DTYPE, RunDirectory
from codeblue.load.channel import Message
from codeblue.load.ledger import worker_files
from codeblue.load.plan import LoadPlan

# A generator that uses more than this share of its core cannot tell its own delays from others'.
_CPU_BOUND = 0.9


@dataclass(frozen=True)
class JourneyResult:
    """The requests of one journey; percentiles in milliseconds, from the intended start.

    What failed and what is in flight is part of the percentiles, the latter with the age it had
    reached, so a percentile is never better than what a patient saw. ``None``: nothing was issued.
    """

    issued: int
    ok: int
    failed: int
    in_flight: int
    p50: float | None
    p95: float | None
    p99: float | None

    @property
    def dropped(self) -> int:
        """Requests that were due and that no record speaks of: never sent, or not journaled."""
        return self.issued - self.ok - self.failed - self.in_flight

    @property
    def availability(self) -> float:
        """Percent of what was issued that was answered well; not a number if nothing was."""
        return 100 * self.ok / self.issued if self.issued else nan


@dataclass(frozen=True)
class LoadResult:
    """A load and what became of it: issued = ok + failed + dropped + in flight."""

    label: str
    started: float
    """When the first arrival could come, seconds since the epoch; 0 when the generator died."""
    seconds: float
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
        """Requests that were due, whatever became of them."""
        return sum(journey.issued for journey in self.journeys.values())

    @property
    def ok(self) -> int:
        """Requests that were answered with a status from 200 to 399."""
        return sum(journey.ok for journey in self.journeys.values())

    @property
    def failed(self) -> int:
        """Requests with any other answer, an error, or a timeout."""
        return sum(journey.failed for journey in self.journeys.values())

    @property
    def in_flight(self) -> int:
        """Requests that were unanswered when the load ended."""
        return sum(journey.in_flight for journey in self.journeys.values())

    @property
    def dropped(self) -> int:
        """Requests that were due and that no record speaks of."""
        return sum(journey.dropped for journey in self.journeys.values())

    @property
    def availability(self) -> float:
        """Percent of all that was issued that was answered well."""
        return 100 * self.ok / self.issued if self.issued else nan

    def fields(self) -> dict[str, Any]:
        """The fields of the ``load-finished`` event."""
        return {
            "load": self.label,
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
    """All request records of the load ``label``, as ``REQUEST_DTYPE``; a torn last one is left out.

    ``journey`` is an index into the journeys of the plan.
    """
    files = worker_files(run.requests, label, ".bin")
    parts = [np.fromfile(path, REQUEST_DTYPE) for path in files]
    return np.concatenate([np.empty(0, REQUEST_DTYPE), *parts])


def summarise(run: RunDirectory, plan: LoadPlan, report: Message) -> LoadResult:
    """The result of ``plan``, from its journal and what the generator reported at its end."""
    records = requests_of(run, plan.label)
    issued: Mapping[str, int] = report.get("issued", {})
    journeys = {
        name: _journey(records[records["journey"] == index], issued.get(name, 0))
        for index, name in enumerate(plan.journeys)
    }
    unsent = sum(journey.dropped for journey in journeys.values())
    return LoadResult(
        label=plan.label,
        started=report.get("started", 0.0),
        seconds=round(report.get("elapsed", 0.0), 3),
        journeys=journeys,
        lateness_p99_ms=round(report.get("lateness_p99", 0.0) * 1000, 2),
        cpu_us_per_request=round(report.get("cpu", 0.0) * 1e6 / max(len(records), 1), 1),
        reason=report["reason"] or _own_fault(plan, report, unsent),
    )


def percentile(latencies: NDArray[np.floating[Any]], percent: float) -> float | None:
    """The nearest-rank percentile, in the unit given: a value that did occur, never above the most.

    ``None`` for no values.
    """
    if not len(latencies):
        return None
    return float(np.percentile(latencies, percent, method="inverted_cdf"))


def availability(records: NDArray[np.void]) -> float:
    """Percent of ``records`` that were answered with a status from 200 to 399."""
    return 100 * _ok(records) / len(records) if len(records) else nan


def _ok(records: NDArray[np.void]) -> int:
    status = records["status"]
    return int(np.count_nonzero((status >= 200) & (status < 400)))  # noqa: PLR2004 - HTTP's classes


def _journey(records: NDArray[np.void], issued: int) -> JourneyResult:
    status, latency = records["status"], records["latency"].astype(np.float64) * 1000
    in_flight = int(np.count_nonzero(status == IN_FLIGHT))
    ok = _ok(records)
    p50, p95, p99 = (_rounded(percentile(latency, percent)) for percent in (50, 95, 99))
    return JourneyResult(
        issued=max(issued, len(records)),
        ok=ok,
        failed=len(records) - ok - in_flight,
        in_flight=in_flight,
        p50=p50,
        p95=p95,
        p99=p99,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _own_fault(plan: LoadPlan, report: Message, unsent: int) -> str:
    late, bound = report["lateness_p99"], plan.lateness_bound
    share = report["cpu"] / max(report["elapsed"], plan.seconds)
    if late > bound:
        return (
            f"the generator itself was late: 1 % of arrivals were issued more than "
            f"{late * 1000:.0f} ms after they were due (bound {bound * 1000:.0f} ms)"
        )
    if unsent:
        return f"{unsent} arrivals sent no request: a journey raised, or had nothing to do"
    if share > _CPU_BOUND:
        return f"the generator itself was busy {share:.0%} of the time (bound {_CPU_BOUND:.0%})"
    return ""
