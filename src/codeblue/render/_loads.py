"""Events, and what was recorded -> what each load did, and what became of each of its streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codeblue.journal import Arrivals, Outcome
from codeblue.journal.arrivals import percentile
from codeblue.render._fields import Event, clean, count, mapping, number, text
from codeblue.render._recorded import Recorded, RecordedLoad, RequestRow

_SHORTEST = 0.001  # seconds; a load that took less has no pace


@dataclass(frozen=True)
class StreamRow:
    """The arrivals of one stream: issued = ok + failed + in flight + dropped; times in ms.

    None: nothing was recorded.
    """

    name: str
    issued: int
    ok: int
    failed: int
    in_flight: int
    dropped: int
    requests: int
    p50: float | None
    p95: float | None
    p99: float | None
    service_p99: float | None
    queue_p99: float | None


@dataclass(frozen=True)
class Load:
    """A load of ``seconds`` (0: not known) as its generator accounted for it.

    ``finished`` is False when it never reported, ``honest`` when it says that it could not keep
    its own schedule, for ``reason``.
    """

    label: str
    seconds: float
    workers: int
    finished: bool
    issued: int
    ok: int
    failed: int
    in_flight: int
    dropped: int
    lateness_p99_ms: float | None
    honest: bool
    reason: str
    streams: tuple[StreamRow, ...]

    @property
    def pace(self) -> float | None:
        """Arrivals per second on average; None when that is not known."""
        return self.issued / self.seconds if self.seconds >= _SHORTEST else None


def loads(events: Sequence[Event]) -> tuple[Load, ...]:
    """Every load that the events speak of, in the order of first mention."""
    kinds = ("load-started", "load-finished")
    labels = dict.fromkeys(text(event, "load") for event in events if event.get("kind") in kinds)
    closings = {text(e, "load"): e for e in events if e.get("kind") == "load-finished"}
    return tuple(_load(label, closings.get(label)) for label in labels)


def _load(label: str, closing: Event | None) -> Load:
    facts = closing or {}
    streams = mapping(facts, "journeys")
    return Load(
        label=label,
        seconds=number(facts, "seconds") or 0.0,
        workers=count(facts, "workers"),
        finished=closing is not None,
        issued=count(facts, "issued"),
        ok=count(facts, "ok"),
        failed=count(facts, "failed"),
        in_flight=count(facts, "in_flight"),
        dropped=count(facts, "dropped"),
        lateness_p99_ms=number(facts, "lateness_p99_ms"),
        honest=facts.get("generator_honest") is not False,
        reason=text(facts, "reason"),
        streams=tuple(_reported(name, mapping(streams, name)) for name in streams),
    )


def _reported(name: str, facts: Event) -> StreamRow:
    return StreamRow(
        name=name,
        issued=count(facts, "issued"),
        ok=count(facts, "ok"),
        failed=count(facts, "failed"),
        in_flight=count(facts, "in_flight"),
        dropped=count(facts, "dropped"),
        requests=count(facts, "requests"),
        p50=number(facts, "p50"),
        p95=number(facts, "p95"),
        p99=number(facts, "p99"),
        service_p99=number(facts, "service_p99"),
        queue_p99=number(facts, "queue_p99"),
    )


@dataclass(frozen=True)
class LoadRow:
    """A load with what became of each of its streams, and of its requests by name."""

    load: Load
    streams: tuple[StreamRow, ...]
    requests: tuple[RequestRow, ...]


def load_rows(loads: Sequence[Load], recorded: Recorded) -> list[LoadRow]:
    """Each load as its generator reported it; of one that never did, what its workers recorded.

    How many arrivals a killed load dropped is not known.
    """
    return [_row(load, recorded.get(load.label)) for load in loads]


def _row(load: Load, recorded: RecordedLoad | None) -> LoadRow:
    if recorded is None:
        return LoadRow(load, load.streams, ())
    return LoadRow(load, load.streams or _counted(recorded.arrivals), recorded.requests)


def _counted(arrivals: Arrivals) -> tuple[StreamRow, ...]:
    return tuple(_counted_stream(clean(name), arrivals.of(name)) for name in arrivals.streams)


def _counted_stream(name: str, arrivals: Arrivals) -> StreamRow:
    p50, p95, p99 = (percentile(arrivals.latency * 1_000, percent) for percent in (50, 95, 99))
    return StreamRow(
        name=name,
        issued=len(arrivals),
        ok=arrivals.count(Outcome.OK),
        failed=arrivals.count(Outcome.FAILED),
        in_flight=arrivals.count(Outcome.IN_FLIGHT),
        dropped=0,
        requests=int(arrivals.requests.sum()),
        p50=p50,
        p95=p95,
        p99=p99,
        service_p99=percentile(arrivals.service * 1_000, 99),
        queue_p99=percentile(arrivals.queue * 1_000, 99),
    )
