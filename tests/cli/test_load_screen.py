from __future__ import annotations

import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from codeblue.cli.load.following import LAG
from codeblue.cli.load.screen import LoadScreen
from codeblue.journal import RequestWriter, RunDirectory
from codeblue.load import LoadPlan
from codeblue.load.planning.plan import Stream

PLAN = LoadPlan(
    label="calm",
    journeys={"booking": Stream(rate=10), "chart": Stream(rate=20)},
    seconds=20,
    arrivals="constant",
)
NOW = 1_000_000.0
ANSWERED = 4.0  # seconds into the load; nobody who came later is answered


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A run in which the load is five seconds old."""
    run = RunDirectory.create(tmp_path, "test")
    writer = RequestWriter(run.requests, "calm", "0", NOW - 5 - LAG)
    for stream in PLAN.journeys:
        for number, due in enumerate(PLAN.due(stream)):
            if due < ANSWERED:
                status = 503 if number == 7 else 200
                writer.add(due, 0.010, 0.010, writer.name(stream, "GET /"), status)
    writer.close()
    return run


def shown(run: RunDirectory, console: Console, *, quiet: bool = False) -> str:
    console.file = StringIO()
    screen = LoadScreen(console, "calm on production", quiet=quiet)
    with screen.drawing():
        screen.doing("the load")
        screen.tell("what was found")
        with screen.following(run, PLAN):
            screen.look(NOW)
            screen.look(NOW)
            time.sleep(0.3)  # the time of one picture
    return console.file.getvalue()


def test_on_a_terminal_every_stream_is_a_row(run: RunDirectory) -> None:
    console = Console(force_terminal=True, width=100, height=30, color_system=None)
    lines = shown(run, console).splitlines()
    assert any("codeblue load  calm on production" in line for line in lines)
    assert any("what was found" in line for line in lines)
    assert any("█" in line and "arrivals/s" in line for line in lines)
    [booking] = {tuple(line.split()[:6]) for line in lines if line.startswith("booking")}
    assert booking == ("booking", "50", "40", "1", "10", "0.9")
    [everybody] = {tuple(line.split()[:5]) for line in lines if line.startswith("all")}
    assert everybody == ("all", "150", "120", "2", "30")
    assert max(map(len, lines)) <= 200


def test_elsewhere_it_says_now_and_then_how_the_load_stands(run: RunDirectory) -> None:
    assert shown(run, Console(force_terminal=False, width=40)).splitlines() == [
        "00:00  the load",
        "00:00  what was found",
        "00:00  5 of 20 s: 150 due, 120 answered, 2 failed, 30 waiting; p50 10, p99 950 ms",
    ]


def test_quiet_says_nothing(run: RunDirectory) -> None:
    for terminal in (True, False):
        assert shown(run, Console(force_terminal=terminal), quiet=True) == ""
