"""A search as it goes: the map so far on a terminal, a line for every point elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from codeblue.cli.envelope.order import Order
from codeblue.cli.envelope.point import Point, lasts
from codeblue.cli.screen import Screen
from codeblue.envelope import Cell, Envelope, estimated_points, most_points

STYLES = {"held": "green", "broke": "red", "inconclusive": "yellow"}
_SETUP = 3.0  # seconds that a load takes beside its arrivals, until it has been measured
_CONTROLLED = 1.3  # controls follow the points at which the platform broke
_TOLD = 6  # lines of what was found, on a terminal


class EnvelopeScreen(Screen):
    """Where people look while envelopes are found."""

    def __init__(self, console: Console, order: Order, *, quiet: bool) -> None:
        super().__init__(console, quiet=quiet)
        self._order = order
        self._cells: list[Cell] = []
        self._took: list[float] = []

    def picture(self) -> RenderableType:
        """What was told so far, and the map as it stands."""
        order = self._order
        done = sum(cell.done for cell in self._cells)
        left = f"{done}/{len(self._cells)} found, {self._left()}  " if self._cells else ""
        head = Text.assemble(
            ("codeblue envelope", "bold"),
            f"  {order.platform}, seed {order.seed}  {self.clock()}  {left}",
            (self.status, "dim"),
        )
        said = (Text.assemble(line, no_wrap=True) for line in self.said[-_TOLD:])
        return Group(head, *said, *self._drawn())

    def begin(self, cells: list[Cell]) -> None:
        """Say what is to come, and how long it takes."""
        self._cells = cells
        self.tell(self._bounds(cells))

    def doing(self, text: str) -> None:
        """What happens now; once points have lines of their own, only a picture shows it."""
        if self._cells:
            self.status = text
        else:
            super().doing(text)

    def tell_point(self, cell: Cell, severity: float, point: Point) -> None:
        """What one load said."""
        what = f"{cell.edge}, {cell.fault} {cell.scale.said(severity)}"
        said = f"{what}: {point.vote}{_first(point.why)}  ({self._left()})"
        self.tell(said, STYLES[point.vote])

    def tell_found(self, found: Envelope) -> None:
        """What came of one cell."""
        if found.points or found.standing != "unfinished":
            self.tell(f"{found.edge}, {found.fault}: {found.sentence}")

    def took(self, seconds: float) -> None:
        """One load took so long beside its arrivals."""
        self._took.append(seconds)

    def _bounds(self, cells: list[Cell]) -> str:
        most, minutes = most_points(cells), self._order.minutes
        count = "1 envelope" if len(cells) == 1 else f"{len(cells)} envelopes"
        return (
            f"{count}: about {_minutes(self._expected() / 60)}; at most {most} loads while they "
            f"agree, and as many controls; none begins after {_minutes(minutes)}"
        )

    def _expected(self) -> float:
        """Seconds that are still to come, about; controls come on top of the points."""
        arrivals = sum(
            cell.remaining() * lasts(self._order.plan, cell.scale) for cell in self._cells
        )
        return _CONTROLLED * (arrivals + estimated_points(self._cells) * self._setup())

    def _setup(self) -> float:
        """Seconds that a load takes beside its arrivals, as far as is known."""
        return sum(self._took) / len(self._took) if self._took else _SETUP

    def _left(self) -> str:
        over = self._order.minutes * 60 - self.elapsed()
        return f"about {_minutes(max(0.0, min(self._expected(), over)) / 60)} left"

    def _drawn(self) -> Iterator[RenderableType]:
        if self._cells:
            yield Text()
            yield drawn([cell.envelope for cell in self._cells])


def drawn(envelopes: list[Envelope]) -> Table:
    """A row for each edge, a column for each fault; how much is tolerated, and what is not."""
    faults = list(dict.fromkeys(each.fault for each in envelopes))
    by = {(each.edge, each.fault): each for each in envelopes}
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("edge", no_wrap=True)
    for fault in faults:
        table.add_column(fault, no_wrap=True)
    for edge in dict.fromkeys(each.edge for each in envelopes):
        table.add_row(edge, *(_cell(by.get((edge, fault))) for fault in faults))
    return table


def _cell(found: Envelope | None) -> Text:
    return Text("") if found is None else Text(found.short, _COLOURS[found.standing])


_COLOURS = {
    "found": "",
    "beyond": "green",
    "below": "red",
    "inconclusive": "yellow",
    "unfinished": "dim",
    "not met": "dim",
    "impossible": "dim",
}


def _first(why: str) -> str:
    """The first of several reasons, and how many more there are."""
    first, *more = why.split("; ")
    return f": {first}{f', and {len(more)} more' if more else ''}" if first else ""


def _minutes(minutes: float) -> str:
    return f"{minutes * 60:.0f} s" if minutes < 2 else f"{minutes:.0f} min"  # noqa: PLR2004
