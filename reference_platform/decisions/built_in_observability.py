"""Switch 23, "Built-in observability": what a service tells about itself.

Without it nobody can say which edge fails: there are no numbers per edge, no id ties together
what one request did in six processes, and readiness means no more than that a process exists.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import orjson
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from reference_platform import tracing
from reference_platform.dependencies import UNOBSERVED, EdgeObserver

Check = Callable[[], Awaitable[None]]
"""Returns when the service can work; raises Refusal, OSError or a database error otherwise."""

BREAKER_STATES: Mapping[str, int] = {"closed": 0, "half_open": 1, "open": 2}
"""How `platform_breaker_state` spells a state."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class BuiltInObservability(Protocol):
    """Metrics, spans, logs and readiness of one process."""

    registry: CollectorRegistry

    def recording(self, service: str, logs: Path) -> AbstractContextManager[None]:
        """Keep the spans of `service` in the folder `logs`. Enter it after a fork."""
        ...

    def span(
        self, name: str, kind: SpanKind, parent: str | None = None
    ) -> AbstractContextManager[Span]:
        """A span below `parent` (a `traceparent`), or below the current one."""
        ...

    def edge(self, service: str, dependency: str) -> EdgeObserver:
        """Where the calls of `service` to `dependency` are counted."""
        ...

    def readiness(self, check: Check) -> Check:
        """What `/health/ready` waits for; `check` asks the dependencies."""
        ...

    def write(self, facts: Mapping[str, Any]) -> None:
        """One line of the log."""
        ...


class Pilot:
    """print(), no ids, no numbers per edge, and ready as soon as it is up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    def recording(self, service: str, logs: Path) -> AbstractContextManager[None]:  # noqa: ARG002
        """No spans."""
        return nullcontext()

    def span(
        self,
        name: str,  # noqa: ARG002
        kind: SpanKind,  # noqa: ARG002
        parent: str | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[Span]:
        """None."""
        return nullcontext(INVALID_SPAN)

    def edge(self, service: str, dependency: str) -> EdgeObserver:  # noqa: ARG002
        """Nobody counts."""
        return UNOBSERVED

    def readiness(self, check: Check) -> Check:  # noqa: ARG002
        """Whoever answers is ready."""
        return _nothing

    def write(self, facts: Mapping[str, Any]) -> None:
        """As text, in whatever order it comes."""
        print(*facts.values(), file=sys.stderr)  # noqa: T201


async def _nothing() -> None:
    pass


class Production:
    """Rate, errors and duration per edge; one trace per request; JSON logs with its id."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._spans = tracing.Spans()
        self._requests = Counter(
            "platform_edge_requests",
            "Calls to a dependency that have ended.",
            ["service", "edge", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "platform_edge_seconds",
            "How long calls to a dependency took.",
            ["service", "edge"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._breakers = Gauge(
            "platform_breaker_state",
            "Circuit breaker: 0 closed, 1 half open, 2 open.",
            ["service", "edge"],
            registry=self.registry,
        )

    @contextmanager
    def recording(self, service: str, logs: Path) -> Iterator[None]:
        """`spans-<service>.jsonl`."""
        with self._spans.recording(service, logs / f"spans-{service}.jsonl"):
            yield

    def span(
        self, name: str, kind: SpanKind, parent: str | None = None
    ) -> AbstractContextManager[Span]:
        """One that is recorded."""
        return self._spans.span(name, kind, parent)

    def edge(self, service: str, dependency: str) -> EdgeObserver:
        """Counters of this edge, which exist before its first call."""
        return _Counted(
            self._requests, self._seconds, self._breakers, service, f"{service}>{dependency}"
        )

    def readiness(self, check: Check) -> Check:
        """The dependencies are asked each time."""
        return check

    def write(self, facts: Mapping[str, Any]) -> None:
        """As JSON, with the id of the trace."""
        known = {"trace_id": tracing.trace_id(), **facts}
        line = orjson.dumps(known, default=str, option=orjson.OPT_APPEND_NEWLINE)
        sys.stderr.write(line.decode())


class _Counted:
    """The numbers of one edge."""

    def __init__(
        self, requests: Counter, seconds: Histogram, breakers: Gauge, service: str, edge: str
    ) -> None:
        self._requests = requests
        self._labels = (service, edge)
        self._seconds = seconds.labels(*self._labels)
        self._breaker = breakers.labels(*self._labels)

    def outcome(self, name: str, seconds: float) -> None:
        """Count it, and its duration."""
        self._requests.labels(*self._labels, name).inc()
        self._seconds.observe(seconds)

    def breaker(self, state: str) -> None:
        """Show it."""
        self._breaker.set(BREAKER_STATES[state])
