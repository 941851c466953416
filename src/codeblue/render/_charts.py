"""Charts as the page shows them: a drawing, its key, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from codeblue.render._formats import milliseconds
from codeblue.render._frames import by_journey, over_time
from codeblue.render._record import Fault, RunRecord
from codeblue.render._wording import Wording

if TYPE_CHECKING:
    import pandas as pd

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


def charts(record: RunRecord, requests: pd.DataFrame | None, wording: Wording) -> list[Chart]:
    """The charts of the run; none when no request was recorded."""
    if requests is None or requests.empty:
        return []
    return [_latency(record, requests, wording), _outcomes(requests, wording)]


def _latency(record: RunRecord, requests: pd.DataFrame, wording: Wording) -> Chart:
    from codeblue.render._figures import latency_chart

    frame = over_time(requests, record.start)
    windows = [_window(fault, record.start) for fault in record.faults]
    title = wording.say("chart", "latency_title")
    description = wording.say(
        "chart",
        "latency_desc",
        faults=len(windows),
        worst=milliseconds(float(frame["p99_ms"].max())),
        in_flight=f"{int(frame['in_flight'].max()):,}",
        failed=f"{int((frame['errors'] + frame['unanswered']).sum()):,}",
    )
    return Chart(
        name="latency",
        title=title,
        svg=latency_chart(frame, windows, title, description),
        key=(
            ("line", "99th percentile, in flight"),
            ("dash", "median"),
            ("bar", "errors and unanswered, per second"),
            ("band", "fault injected"),
        ),
        columns=("Second", "Requests", "Median", "p99", "Errors", "Unanswered", "In flight"),
        rows=tuple(_cells(row) for row in frame.to_numpy(dtype=float).tolist()),
    )


def _window(fault: Fault, origin: float) -> Window:
    from codeblue.render._figures import Window

    label = f"{fault.edge} · {fault.type}"[:60]
    end = None if fault.end is None else fault.end - origin
    return Window(label, fault.start - origin, end)


def _cells(row: Sequence[float]) -> tuple[str, ...]:
    second, requests, median, p99, *counts = row
    return (
        f"{second:,.0f}",
        f"{requests:,.0f}",
        milliseconds(median),
        milliseconds(p99),
        *(f"{value:,.0f}" for value in counts),
    )


def _outcomes(requests: pd.DataFrame, wording: Wording) -> Chart:
    from codeblue.render._figures import outcome_chart

    frame = by_journey(requests).head(_MAX_JOURNEYS)
    title = wording.say("chart", "outcomes_title")
    return Chart(
        name="outcomes",
        title=title,
        svg=outcome_chart(frame, title, wording.say("chart", "outcomes_desc")),
        key=(("answered", "answered"), ("errors", "errors"), ("unanswered", "never answered")),
        columns=("Journey", "Answered", "Errors", "Unanswered", "Median", "p99"),
        rows=tuple(
            (str(journey), *(f"{n:,.0f}" for n in row[:3]), *(milliseconds(n) for n in row[3:]))
            for journey, row in zip(frame.index, frame.to_numpy(dtype=float).tolist(), strict=True)
        ),
    )
