"""What people see while envelopes are found."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from codeblue.cli.envelope.order import Order
from codeblue.cli.envelope.point import Point
from codeblue.cli.envelope.screen import EnvelopeScreen, drawn
from codeblue.envelope import Cell, cells_of
from codeblue.load import LoadPlan, Stream

PLAN = LoadPlan(label="envelope", journeys={"booking": Stream(rate=1)}, seconds=2.5)


def order(**changed: Any) -> Order:
    facts: dict[str, Any] = {
        "workspace": Path(),
        "edges": ("hub-insurer",),
        "faults": ("latency",),
        "whole": False,
        "profile": "envelope",
        "plan": PLAN,
        "target": "Riverside network",
        "platform": "production",
        "live": None,
        "seed": 1,
        "minutes": 90.0,
    }
    return Order(**{**facts, **changed})


def screen(asked: Order, *, quiet: bool = False) -> tuple[EnvelopeScreen, io.StringIO]:
    written = io.StringIO()
    return EnvelopeScreen(Console(file=written, width=200), asked, quiet=quiet), written


def test_the_bound_is_said_at_the_start() -> None:
    asked = order(edges=("a", "b"), faults=("latency", "outage"), whole=True)
    seen, written = screen(asked)
    seen.begin(asked.cells())
    said = written.getvalue()
    assert "4 envelopes: about " in said
    assert "at most 34 loads" in said
    assert "none begins after 90 min" in said


def test_every_point_is_a_line_with_the_first_reason_and_an_estimate() -> None:
    seen, written = screen(order())
    [cell] = cells = order().cells()
    seen.begin(cells)
    cell.add(10_000, "broke")
    why = "eligibility: availability 0 %, not 90; booking: p99 3,000 ms, not 2,000"
    seen.tell_point(cell, 10_000, Point("point-0001", "broke", why, 5.0, 2.5))
    [_, line] = written.getvalue().splitlines()
    expected = "hub-insurer, latency 10,000 ms: broke: eligibility: availability 0 %, not 90, and 1"
    assert expected in line
    assert " left)" in line


def test_quiet_shows_nothing() -> None:
    seen, written = screen(order(), quiet=True)
    seen.begin(order().cells())
    seen.tell("something")
    assert not written.getvalue()


def test_the_map_has_a_row_for_each_edge_and_a_column_for_each_fault() -> None:
    cells = cells_of(["hub-insurer", "worker-sms"], ["latency", "outage"])
    _taken(cells[0], 100)
    cells[3].end("not met")
    written = io.StringIO()
    Console(file=written, width=120).print(drawn([cell.envelope for cell in cells]))
    head, insurer, sms = written.getvalue().splitlines()
    assert head.split() == ["edge", "latency", "outage"]
    assert "100 .. 150 ms" in insurer
    assert "not met" in sms


def _taken(cell: Cell, most: float) -> None:
    while (severity := cell.severity) is not None:
        cell.add(severity, "held" if severity <= most else "broke")


def test_the_command_that_asks_again_says_all_that_was_asked() -> None:
    words = order(whole=True, minutes=12.5).command
    assert words == (
        "codeblue envelope --map --edge hub-insurer --fault latency --profile envelope "
        "--platform production --seed 1 --seconds-per-point 2.5 --minutes 12.5"
    )
