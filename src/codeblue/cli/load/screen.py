"""A load as it goes: a picture on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from codeblue.cli.load.following import Following, Glance, Picture
from codeblue.cli.screen import Screen
from codeblue.journal import RunDirectory
from codeblue.load import LoadPlan

_BLOCKS = " ▁▂▃▄▅▆▇█"
_FEWEST_BARS, _MOST_BARS = 10, 40
_COLUMNS = ("", "due", "answered", "failed", "waiting", "oldest", "p50 ms", "p99 ms")
_TOLD = 10  # lines of what was found, on a terminal
_LINES = 12  # for a load of any length, when there is no terminal
_SHORT = 20.0  # seconds; of such a load tenths are of interest
_OFTEN, _SELDOM = 1.0, 30.0  # seconds between two of them


class LoadScreen(Screen):
    """Where people look while a load runs."""

    def __init__(self, console: Console, title: str, *, quiet: bool) -> None:
        super().__init__(console, quiet=quiet)
        self._title = title
        self._load: _Load | None = None

    def picture(self) -> RenderableType:
        """What was told so far, and the load under way."""
        head = Text.assemble(
            ("codeblue load", "bold"), f"  {self._title}  {self.clock()}  ", (self.status, "dim")
        )
        load = self._load
        return Group(head, *self.said[-_TOLD:], *(load.drawn() if load else ()))

    @contextmanager
    def following(self, run: RunDirectory, plan: LoadPlan) -> Iterator[None]:
        """Show the load ``plan`` of ``run`` for the length of the block; see ``look``."""
        self._load = _Load(run, plan)
        try:
            yield
        finally:
            self._load = None

    def look(self, now: float) -> None:
        """Look at the load as it is ``now``; without a terminal, say so when it is time to."""
        if self._load is not None and self._load.look(now) and not self.live:
            self.line(Text(self._load.sentence()))


class _Load:
    """One load on the screen."""

    def __init__(self, run: RunDirectory, plan: LoadPlan) -> None:
        self._following = Following(run, plan)
        self._plan = plan
        self._bars = _bars(plan)
        self._picture: Picture | None = None
        self._every = min(max(plan.seconds / _LINES, _OFTEN), _SELDOM)
        self._next = 0.0

    def look(self, now: float) -> bool:
        """Take the next picture; whether a line about it is due."""
        self._picture = self._following.look(now)
        if self._picture is None or self._picture.elapsed < self._next:
            return False
        self._next = self._picture.elapsed + self._every
        return self._picture.total.due > 0

    def sentence(self) -> str:
        """How the load stands, in one line."""
        if self._picture is None:
            return ""
        glance = self._picture.total
        return (
            f"{self._elapsed(self._picture)}: {glance.due:,} due, "
            f"{glance.answered:,} answered, {glance.failed:,} failed, {glance.waiting:,} waiting; "
            f"p50 {_ms(glance.p50)}, p99 {_ms(glance.p99)} ms"
        )

    def drawn(self) -> Sequence[RenderableType]:
        """The rate over time and a table of the streams."""
        picture = self._picture
        if picture is None:
            return ()
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for column in _COLUMNS:
            table.add_column(column, justify="left" if column == "" else "right", no_wrap=True)
        for name, glance in picture.streams.items():
            table.add_row(Text(name), *_cells(glance))
        if len(picture.streams) > 1:
            table.add_row(Text("all", "bold"), *_cells(picture.total), style="bold")
        return (self._rate(picture), Text(), table)

    def _elapsed(self, picture: Picture) -> str:
        digits = 1 if self._plan.seconds < _SHORT else 0
        return f"{picture.elapsed:.{digits}f} of {self._plan.seconds:g} s"

    def _rate(self, picture: Picture) -> Text:
        """Planned arrivals over time as blocks; what is to come is dim."""
        bars = self._bars
        blocks = "".join(_BLOCKS[-(-8 * count // max(*bars, 1))] for count in bars)
        past = round(len(bars) * picture.elapsed / self._plan.seconds)
        rate = bars[min(past, len(bars) - 1)] * len(bars) / self._plan.seconds
        said = f"  {self._elapsed(picture)}, {rate:,.0f} arrivals/s"
        return Text.assemble((blocks[:past], "cyan"), (blocks[past:], "dim"), said)


def _bars(plan: LoadPlan) -> list[int]:
    """How many arrivals are due in each of equal parts of the load."""
    parts = max(min(int(plan.seconds), _MOST_BARS), _FEWEST_BARS)
    counts, _ = np.histogram(plan.schedule().due, parts, (0, plan.seconds))
    return [int(count) for count in counts]


def _cells(glance: Glance) -> list[Text]:
    return [
        Text(f"{glance.due:,}"),
        Text(f"{glance.answered:,}"),
        Text(f"{glance.failed:,}", "red" if glance.failed else ""),
        Text(f"{glance.waiting:,}", "yellow" if glance.waiting else ""),
        Text(f"{glance.oldest:.1f} s" if glance.waiting else ""),
        Text(_ms(glance.p50)),
        Text(_ms(glance.p99)),
    ]


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
