"""From a platform that is up to an envelope for every cell, one load after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from codeblue.checks.passage import passed
from codeblue.cli.envelope.point import Interrupted, Point, Points
from codeblue.cli.envelope.screen import STYLES, EnvelopeScreen
from codeblue.envelope import Cell, Standing, in_turn
from codeblue.errors import CodeblueError, UsageError
from codeblue.session import Session

REST = 1.0
"""Seconds for a platform that broke to empty its queues, before the next control."""
_CONTROLS = 3
_BARE_BYTES = 200  # what a connection costs that nobody uses, with its greeting and its pings


class _ControlFailed(Exception):
    """The objectives are not met without a fault, so nothing can be said about faults."""


class Mapping:
    """Takes ``cells`` from nothing known to an envelope, and puts every point on record."""

    def __init__(
        self, session: Session, points: Points, cells: Sequence[Cell], screen: EnvelopeScreen
    ) -> None:
        self._session = session
        self._points = points
        self._cells = cells
        self._screen = screen
        self._well = self._lost = False

    def control(self) -> str:
        """The same load without a fault; also finds the edges that no journey meets.

        Returns why nothing can be said, in words; empty when the objectives are met.
        """
        before = {cell.edge: self._bytes(cell.edge) for cell in self._cells}
        if trouble := self._ended_by(self._become_well):
            return trouble
        for cell in self._cells:
            then, now = before[cell.edge], self._bytes(cell.edge)
            if then is not None and now is not None and now - then < _BARE_BYTES:
                self._end(cell, "not met")
        return ""

    def find(self, deadline: float) -> str:
        """Find all envelopes, until ``deadline`` (monotonic seconds).

        Returns why it ended early, in words; empty when nothing is left to find out.

        Raises:
            UnhealedError: a fault could not be healed.
        """
        for cell in in_turn(self._cells):
            if time.monotonic() >= deadline:
                return "the time was up before everything was found"
            if trouble := self._ended_by(partial(self._try, cell)):
                return trouble
        return ""

    def close(self) -> None:
        """Put on record what is known of the cells that were not finished."""
        for cell in self._cells:
            if not cell.done:
                self._record(cell)

    def _ended_by(self, step: Callable[[], None]) -> str:
        """Take ``step``; why no further one can be taken, if that is so."""
        try:
            step()
        except (Interrupted, _ControlFailed) as error:
            return str(error)
        return ""

    def _try(self, cell: Cell) -> None:
        severity = cell.severity
        if severity is None:
            return
        if not (self._well or cell.gentle or self._came_back(cell)):
            return
        said = cell.scale.said(severity)
        self._screen.doing(f"{cell.edge}, {cell.fault} {said}")
        try:
            point = self._points.under(cell.edge, cell.scale, severity)
        except UsageError as error:
            self._end(cell, "impossible", str(error))
            return
        self._well = point.vote == "held"
        cell.add(severity, point.vote, point.why)
        self._put_on_record(cell, severity, point)
        if point.vote == "broke":
            time.sleep(REST)

    def _came_back(self, cell: Cell) -> bool:
        """Whether the platform is well again; if not, nothing more can be said about ``cell``.

        Raises:
            _ControlFailed: that is so for the second cell in a row, so it is for all of them.
        """
        try:
            self._become_well()
        except _ControlFailed as error:
            self._end(cell, "inconclusive", str(error))
            if self._lost:
                raise
            self._lost = True
            return False
        self._lost = False
        return True

    def _become_well(self) -> None:
        """Have the platform meet its objectives without a fault, so that a fault can break them."""
        for _ in range(_CONTROLS):
            self._screen.doing("control: the load without a fault")
            point = self._points.control()
            self._session.journal.event("envelope-control", load=point.label, **_fields(point))
            self._screen.took(point.setup)
            if point.vote == "held":
                self._well = True
                return
            self._screen.tell(f"control: {point.vote}: {point.why}", STYLES[point.vote])
            time.sleep(REST)
        raise _ControlFailed(
            f"the control failed {_CONTROLS} times in a row, without a fault: {point.why}"
        )

    def _put_on_record(self, cell: Cell, severity: float, point: Point) -> None:
        self._session.journal.event(
            "envelope-point",
            edge=cell.edge,
            fault=cell.fault,
            severity=severity,
            unit=cell.scale.unit,
            load=point.label,
            **_fields(point),
            known=cell.envelope.fields(),
        )
        self._screen.took(point.setup)
        self._screen.tell_point(cell, severity, point)
        if cell.done:
            self._record(cell)

    def _end(self, cell: Cell, standing: Standing, why: str = "") -> None:
        cell.end(standing, why)
        self._record(cell)

    def _record(self, cell: Cell) -> None:
        found = cell.envelope
        self._session.journal.event("envelope", **found.fields())
        self._screen.tell_found(found)

    def _bytes(self, edge: str) -> int | None:
        """What has passed over the edge; ``None`` where the proxy does not count."""
        try:
            passage = passed(self._session.proxy_url, edge)
        except UsageError:
            raise
        except CodeblueError:
            return None
        return passage.bytes_up + passage.bytes_down


def _fields(point: Point) -> dict[str, object]:
    return {"verdict": point.vote, "why": point.why, "seconds": round(point.seconds, 2)}
