"""Frames -> figures. Matplotlib is imported here, when a report is drawn, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codeblue.render import _svg as svg
from codeblue.render._frames import Timeline

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

_WIDTH = 8.6  # inches
_LETTER = 0.0095  # of the width of the lane, for packing labels
_MAX_LANES = 8
# ok, failed, in flight at the end, dropped: told apart by colour and by hatch
_OUTCOMES = ((svg.ACCENT, ""), (svg.FAIL, "////"), (svg.DOUBT, "xxxx"), (svg.MUTED, "...."))
_FLOOR_MS = 0.1  # a logarithmic axis has no zero


@dataclass(frozen=True)
class Window:
    """A fault on the chart; seconds since the origin, ``end`` is None when it was never healed."""

    label: str
    start: float
    end: float | None


def latency_chart(
    timeline: Timeline, windows: Sequence[Window], title: str, description: str
) -> Markup:
    """Latency, arrivals by their end, and how many waited, over time; faults are shaded."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    low, high = _extent(timeline, windows)
    lanes = _lanes(windows, low, high)
    rows = max((lane for lane, _ in lanes), default=-1) + 1
    with mpl.rc_context(svg.STYLE):  # type: ignore[arg-type]
        height = 0.28 * rows
        figure = Figure(figsize=(_WIDTH, 5.0 + height))
        top, upper, middle, lower = figure.subplots(
            4, 1, sharex=True, height_ratios=[max(height, 0.01), 2.1, 1.4, 0.8]
        )
        figure.subplots_adjust(left=0.075, right=0.985, top=0.985, bottom=0.08, hspace=0.26)
        upper.set_xlim(low, high)
        _draw_lanes(top, lanes, rows, low, high)
        for axes in (upper, middle, lower):
            _shade(axes, windows, high)
        _draw_latency(upper, timeline)
        _draw_arrivals(middle, timeline)
        _draw_waiting(lower, timeline)
        lower.set_xlabel("seconds since the run started")
        return svg.inline_svg(figure, "latency", title, description)


def _extent(timeline: Timeline, windows: Sequence[Window]) -> tuple[float, float]:
    edges = [edge for w in windows for edge in (w.start, w.end) if edge is not None]
    edges += [float(timeline.second[0]), float(timeline.second[-1]) + timeline.width]
    low, high = min(edges), max(edges)
    return low, max(high, low + 1)


def _lanes(windows: Sequence[Window], low: float, high: float) -> list[tuple[int, Window]]:
    """Each window with the first lane in which neither its bar nor its label meets another."""
    letter = _LETTER * (high - low)
    free: list[float] = []
    placed = []
    for window in sorted(windows, key=lambda w: w.start):
        end = high if window.end is None else window.end
        length = letter * (len(window.label) + 2)
        # A label that would run out of the picture is set flush right, and reaches back.
        begin = min(window.start, high - length)
        reach = max(end, begin + length)
        lane = next((i for i, until in enumerate(free) if until <= begin), len(free))
        if lane >= _MAX_LANES:
            continue
        free[lane : lane + 1] = [reach]
        placed.append((lane, window))
    return placed


def _draw_lanes(
    axes: Axes, lanes: Sequence[tuple[int, Window]], rows: int, low: float, high: float
) -> None:
    axes.set_axis_off()
    axes.set_ylim(max(rows, 1), 0)
    for lane, window in lanes:
        end = high if window.end is None else window.end
        axes.plot([window.start, end], [lane + 0.82] * 2, color=svg.DOUBT, linewidth=2.5)
        late = window.start > high - _LETTER * (high - low) * (len(window.label) + 2)
        axes.text(
            end if late else window.start,
            lane + 0.62,
            window.label,
            ha="right" if late else "left",
            va="bottom",
            fontsize=7.5,
        )


def _shade(axes: Axes, windows: Sequence[Window], high: float) -> None:
    for window in windows:
        end = high if window.end is None else window.end
        axes.axvspan(window.start, end, color=svg.WASH, linewidth=0, zorder=0)
        for edge in (window.start, window.end):
            if edge is not None:
                axes.axvline(edge, color=svg.DOUBT, linewidth=0.6, linestyle=(0, (1, 2)))


def _draw_latency(axes: Axes, timeline: Timeline) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    seconds = timeline.second + timeline.width / 2
    axes.set_yscale("log")
    p99, median = (np.maximum(ms, _FLOOR_MS) for ms in (timeline.p99_ms, timeline.median_ms))
    axes.plot(seconds, p99, color=svg.ACCENT, linewidth=1.6, marker="o", markersize=1.8)
    axes.plot(seconds, median, color=svg.INK, linewidth=0.9, linestyle=(0, (4, 2)))
    axes.grid(axis="y")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(_duration)
    _label(axes, "latency, by when an arrival was due")


def _draw_arrivals(axes: Axes, timeline: Timeline) -> None:
    """What went wrong stands on the floor, so that one failure in a spike can be seen."""
    seconds = _steps(timeline.second, timeline.width)
    failed = _steps(timeline.failed)
    bad = failed + _steps(timeline.in_flight)
    arrivals = _steps(timeline.arrivals)
    axes.fill_between(seconds, failed, step="post", color=svg.FAIL, linewidth=0)
    axes.fill_between(
        seconds,
        failed,
        bad,
        step="post",
        facecolor="none",
        edgecolor=svg.DOUBT,
        hatch="xxxx",
        linewidth=0,
    )
    axes.step(seconds, arrivals, where="post", color=svg.ACCENT, linewidth=1.1)
    _count_axis(axes, float(arrivals.max()))
    _label(axes, "arrivals per second")


def _draw_waiting(axes: Axes, timeline: Timeline) -> None:
    seconds = _steps(timeline.second, timeline.width)
    waiting = _steps(timeline.waiting)
    axes.fill_between(seconds, waiting, step="post", color=svg.RULE, linewidth=0)
    axes.step(seconds, waiting, where="post", color=svg.INK, linewidth=0.8)
    _count_axis(axes, float(waiting.max()))
    _label(axes, "due and unanswered at once")


def _steps(values: NDArray[Any], further: float = 0.0) -> NDArray[Any]:
    """``values`` with the end of the last one, as a step has two ends."""
    return np.append(values, values[-1] + further)


def _count_axis(axes: Axes, most: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(bottom=0, top=max(1.0, most) * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.grid(axis="y")


def _label(axes: Axes, text: str) -> None:
    axes.text(0, 1.02, text, transform=axes.transAxes, color=svg.MUTED, va="bottom", fontsize=8)


def _duration(milliseconds: float, _position: float) -> str:
    seconds = milliseconds / 1_000
    return f"{seconds:g} s" if seconds >= 1 else f"{milliseconds:g} ms"


def outcome_chart(
    counts: Mapping[str, tuple[int, int, int, int]], title: str, description: str
) -> Markup:
    """One bar per journey: ok, failed, in flight at the end, dropped, as shares of all issued."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(svg.STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(_WIDTH, 0.55 + 0.34 * len(counts)))
        axes = figure.subplots()
        figure.subplots_adjust(left=0.16, right=0.86, top=0.98, bottom=0.3 / figure.get_figheight())
        _draw_outcomes(axes, list(counts), np.array(list(counts.values()), dtype=np.float64))
        return svg.inline_svg(figure, "outcomes", title, description)


def _draw_outcomes(axes: Axes, names: Sequence[str], counts: NDArray[np.float64]) -> None:
    total = counts.sum(axis=1)
    left = np.zeros(len(names))
    for column, (colour, hatch) in enumerate(_OUTCOMES):
        share = 100 * counts[:, column] / np.maximum(total, 1)
        axes.barh(
            range(len(names)),
            share,
            left=left,
            height=0.42,
            facecolor=colour if not hatch else "none",
            edgecolor=colour,
            hatch=hatch,
            linewidth=0.8,
        )
        left = left + share
    axes.set_yticks(range(len(names)), [name[:24] for name in names], color=svg.INK)
    for row, count in enumerate(total):
        axes.text(101, row, f"{int(count):,}", va="center", color=svg.MUTED)
    axes.set_xlim(0, 100)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:g} %")
