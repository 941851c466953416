"""Charts as the page shows them: a drawing, its key, and the same numbers as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from codeblue.render._envelopes import EnvelopeMap
from codeblue.render._formats import milliseconds
from codeblue.render._frames import Timeline, by_journey, over_time
from codeblue.render._loads import StreamRow
from codeblue.render._record import Fault, RunRecord
from codeblue.render._recorded import Recorded
from codeblue.render._wording import Wording

if TYPE_CHECKING:
    from codeblue.render._figures import Window

_MAX_JOURNEYS = 20


@dataclass(frozen=True)
class Chart:
    """A drawing with ``key`` (mark, name) and its table; the first column heads the rows."""

    name: str
    title: str
    svg: Markup
    key: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def charts(
    record: RunRecord, recorded: Recorded | None, rows: list[StreamRow], wording: Wording
) -> list[Chart]:
    """The charts of the run, whose streams did what ``rows`` say; none when nobody arrived."""
    found = []
    if recorded:
        arrivals = [load.arrivals for load in recorded.values()]
        found.append(_latency(record, over_time(arrivals, record.start), wording))
    if any(row.issued for row in rows):
        found.append(_outcomes(rows, wording))
    return found


def _latency(record: RunRecord, timeline: Timeline, wording: Wording) -> Chart:
    from codeblue.render._figures import latency_chart

    windows = [_window(fault, record.start) for fault in record.faults]
    title = wording.say("chart", "latency_title")
    description = wording.say(
        "chart",
        "latency_desc",
        faults=len(windows),
        worst=milliseconds(float(np.nanmax(timeline.p99_ms))),
        most=f"{timeline.arrivals.max():,.0f}",
        waiting=f"{timeline.waiting.max():,.0f}",
    )
    return Chart(
        name="latency",
        title=title,
        svg=latency_chart(timeline, windows, title, description),
        key=(
            ("line", "99th percentile, and arrivals"),
            ("dash", "median"),
            ("bar", "failed"),
            ("unanswered", "in flight at the end"),
            *((("band", "fault injected"),) if windows else ()),
        ),
        columns=("Second", "Arrivals", "Ok", "Failed", "In flight", "Waiting", "Median", "p99"),
        rows=_rows(timeline),
    )


def _window(fault: Fault, origin: float) -> Window:
    from codeblue.render._figures import Window

    label = f"{fault.edge} · {fault.type}"[:60]
    end = None if fault.end is None else fault.end - origin
    return Window(label, fault.start - origin, end)


def _rows(timeline: Timeline) -> tuple[tuple[str, ...], ...]:
    t = timeline
    counts = np.stack([t.second, t.arrivals, t.ok, t.failed, t.in_flight, t.waiting])
    times = np.stack([t.median_ms, t.p99_ms])
    return tuple(
        (*(f"{value:,.0f}" for value in many), *(milliseconds(value) for value in latencies))
        for many, latencies in zip(counts.T.tolist(), times.T.tolist(), strict=True)
    )


def _outcomes(rows: list[StreamRow], wording: Wording) -> Chart:
    from codeblue.render._figures import outcome_chart

    counts = dict(list(by_journey(rows).items())[:_MAX_JOURNEYS])
    title = wording.say("chart", "outcomes_title")
    return Chart(
        name="outcomes",
        title=title,
        svg=outcome_chart(counts, title, wording.say("chart", "outcomes_desc")),
        key=(
            ("ok", "ok"),
            ("failed", "failed"),
            ("unanswered", "in flight at the end"),
            ("dropped", "dropped"),
        ),
        columns=("Journey", "Ok", "Failed", "In flight", "Dropped"),
        rows=tuple((name, *(f"{n:,}" for n in mine)) for name, mine in counts.items()),
    )


def envelope_chart(found: EnvelopeMap | None, wording: Wording) -> Chart | None:
    """The heat map of the envelopes; none for a single one, whose table says it all."""
    if found is None or len(found.cells) < 2:  # noqa: PLR2004 - a map has more than one cell
        return None
    from codeblue.render._envelopes_figure import heat_map

    title = wording.say("chart", "envelopes_title")
    facts = {"answered": found.answered, "cells": len(found.cells)}
    return Chart(
        name="envelopes",
        title=title,
        svg=heat_map(found, title, wording.say("chart", "envelopes_desc", **facts)),
        key=(("ok", "takes all"), ("bar", "the hotter, the less"), ("dropped", "no answer")),
        columns=(),
        rows=(),
    )
