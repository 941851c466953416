"""W3C trace context, and spans as JSON lines in a file (https://www.w3.org/TR/trace-context/)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER = "traceparent"
"""The name of the HTTP header; the queue has a column and MLLP a ZTR segment for it."""

_PROPAGATOR = TraceContextTextMapPropagator()
_FLUSH_MILLISECONDS = 500
_QUEUE = 16_384  # spans; what comes while it is full is dropped


def traceparent() -> str | None:
    """The current span as a `traceparent`, for whoever does the next part of the work."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(HEADER)


def headers() -> dict[str, str]:
    """The headers that carry the trace to the callee; none outside a span."""
    parent = traceparent()
    return {} if parent is None else {HEADER: parent}


def trace_id() -> str | None:
    """The id of the current trace: 32 hexadecimal digits."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def _context(parent: str | None) -> Context | None:
    """None keeps the context as it is; a malformed parent counts as none, as W3C has it."""
    return None if parent is None else _PROPAGATOR.extract({HEADER: parent}, Context())


class Spans:
    """The spans of one process. They go nowhere until `recording` is entered."""

    def __init__(self) -> None:
        self._tracer: Tracer = trace.NoOpTracer()

    @contextmanager
    def recording(self, service: str, file: Path) -> Iterator[None]:
        """Append the spans to `file`. Enter it after a fork: it starts a thread."""
        resource = Resource({"service.name": service})
        provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        exporter = JsonLines(service, file)
        provider.add_span_processor(
            BatchSpanProcessor(
                exporter, max_queue_size=_QUEUE, schedule_delay_millis=_FLUSH_MILLISECONDS
            )
        )
        self._tracer = provider.get_tracer("reference_platform")
        try:
            yield
        finally:
            provider.shutdown()

    @contextmanager
    def span(self, name: str, kind: SpanKind, parent: str | None = None) -> Iterator[Span]:
        """A span around the body, below `parent` (a `traceparent`) or the current span."""
        with self._tracer.start_as_current_span(
            name, _context(parent), kind, record_exception=False, set_status_on_exception=False
        ) as span:
            yield span


class JsonLines(SpanExporter):
    """One JSON object per span; ids in hexadecimal, times in nanoseconds since the epoch."""

    def __init__(self, service: str, file: Path) -> None:
        self._service = service
        file.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append them in one write, so that no reader sees half a line of a batch."""
        os.write(self._descriptor, b"".join(self._line(span) for span in spans))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _line(self, span: ReadableSpan) -> bytes:
        context = span.get_span_context()
        described = {
            "service": self._service,
            "name": span.name,
            "kind": span.kind.name,
            "trace_id": f"{context.trace_id:032x}" if context else None,
            "span_id": f"{context.span_id:016x}" if context else None,
            "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
            "start": span.start_time,
            "end": span.end_time,
            "attributes": dict(span.attributes or {}),
        }
        return orjson.dumps(described, option=orjson.OPT_APPEND_NEWLINE)
