"""The way through the cells of a map, on a platform that is made up."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codeblue.checks.passage import Passage
from codeblue.cli.envelope import mapping
from codeblue.cli.envelope.interruption import Interruption
from codeblue.cli.envelope.mapping import Mapping
from codeblue.cli.envelope.point import Interrupted, Point, Points
from codeblue.cli.envelope.screen import EnvelopeScreen
from codeblue.envelope import Scale, Vote, cells_of
from codeblue.errors import UsageError
from codeblue.journal import Event, Journal, RunDirectory, read_events

EDGES = ("hub-insurer", "hub-ehr", "worker-valkey")
IDLE = "worker-valkey"
WIDE = 500.0  # ms of latency that this platform takes


@dataclass
class Platform:
    """Takes latencies up to 500 ms; ``moods`` are what its next controls say, then all is well."""

    moods: list[Vote] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    fails: Callable[[str], None] = lambda _edge: None
    bytes: int = 0

    def control(self) -> Point:
        self.bytes += 10_000
        self.loads.append("control")
        vote: Vote = self.moods.pop(0) if self.moods else "held"
        return Point(f"point-{len(self.loads)}", vote, "" if vote == "held" else vote, 1.0, 0.5)

    def under(self, edge: str, scale: Scale, severity: float) -> Point:
        self.fails(edge)
        vote: Vote = "held" if scale.fault != "latency" or severity <= WIDE else "broke"
        self.loads.append(f"{edge} {severity:g} {vote}")
        return Point(f"point-{len(self.loads)}", vote, "p99", 1.0, 0.5)

    def passed(self, _url: str, edge: str) -> Passage:
        return Passage(1, 0 if edge == IDLE else self.bytes, 0)


@dataclass
class Way:
    """A mapping with the platform that it is on, and the journal that it writes."""

    platform: Platform
    mapping: Mapping
    run: Path

    def events(self, kind: str) -> list[Event]:
        return [event for event in read_events(self.run) if event["kind"] == kind]

    def standings(self) -> dict[str, str]:
        return {event["edge"]: event["standing"] for event in self.events("envelope")}


@pytest.fixture
def way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Way:
    platform, run = Platform(), RunDirectory.create(tmp_path, "envelope-map")
    monkeypatch.setattr(mapping, "passed", platform.passed)
    monkeypatch.setattr(mapping, "REST", 0.0)
    session = SimpleNamespace(journal=Journal(run), proxy_url="http://127.0.0.1:1")
    silent = SimpleNamespace(
        **dict.fromkeys(("doing", "tell", "tell_point", "tell_found", "took"), lambda *_: None)
    )
    cells = cells_of(EDGES, ["latency"])
    points, screen = cast("Points", platform), cast("EnvelopeScreen", silent)
    return Way(platform, Mapping(cast("Any", session), points, cells, screen), run.path)


def test_every_point_is_on_record_before_the_next_one_begins(way: Way) -> None:
    def look(_edge: str) -> None:
        points = [load for load in way.platform.loads if load != "control"]
        assert len(way.events("envelope-point")) == len(points)

    way.platform.fails = look
    assert way.mapping.control() == ""
    assert way.mapping.find(inf) == ""
    assert way.standings() == {"hub-insurer": "found", "hub-ehr": "found", IDLE: "not met"}
    found = way.events("envelope")[-1]
    assert (found["tolerated"], found["broke_at"]) == (470.0, 680.0)
    assert way.events("envelope-point")[-1]["known"]["standing"] == "found"


def test_a_load_that_broke_is_followed_by_a_control_or_by_almost_no_fault(way: Way) -> None:
    way.mapping.control()
    way.mapping.find(inf)
    loads = way.platform.loads
    after = {b for a, b in itertools.pairwise(loads) if a.endswith("broke")}
    assert after == {"control", "hub-insurer 10 held", "hub-ehr 10 held"}


def test_no_load_is_put_on_an_edge_that_no_journey_meets(way: Way) -> None:
    way.mapping.control()
    way.mapping.find(inf)
    assert not any(load.startswith(IDLE) for load in way.platform.loads)


def test_a_control_is_tried_three_times(way: Way) -> None:
    way.platform.moods = ["inconclusive", "broke"]
    assert way.mapping.control() == ""
    way.platform.moods = ["broke"] * 3
    assert "the control failed 3 times" in way.mapping.control()


def test_a_platform_that_does_not_come_back_ends_the_cell_and_then_the_map(way: Way) -> None:
    way.mapping.control()
    way.platform.moods = ["broke"] * 6
    assert "the control failed" in way.mapping.find(inf)
    assert way.standings()["hub-ehr"] == "inconclusive"


def test_the_map_goes_on_when_the_platform_comes_back_later(way: Way) -> None:
    way.mapping.control()
    way.platform.moods = ["broke"] * 3
    assert way.mapping.find(inf) == ""
    assert sorted(way.standings().values()) == ["found", "inconclusive", "not met"]


def test_what_cannot_be_done_here_is_said_and_the_map_goes_on(way: Way) -> None:
    def refuse(edge: str) -> None:
        if edge == "hub-ehr":
            raise UsageError("this proxy knows no such toxic")

    way.platform.fails = refuse
    way.mapping.control()
    assert way.mapping.find(inf) == ""
    assert way.standings()["hub-ehr"] == "impossible"
    assert way.standings()["hub-insurer"] == "found"


def test_when_the_time_is_up_what_is_known_is_on_record(way: Way) -> None:
    way.mapping.control()
    assert "the time was up" in way.mapping.find(time.monotonic() - 1)
    way.mapping.close()
    assert way.standings()["hub-insurer"] == "unfinished"


def test_an_interruption_ends_it(way: Way) -> None:
    def interrupt(_edge: str) -> None:
        raise Interrupted("interrupted")

    way.mapping.control()
    way.platform.fails = interrupt
    assert way.mapping.find(inf) == "interrupted"


@pytest.mark.usefixtures("_signals")
def test_a_signal_heals_before_it_interrupts() -> None:
    interruption, healed = Interruption(), []
    with pytest.raises(KeyboardInterrupt), interruption.first(lambda: healed.append(1)):
        interruption._received(2, None)
    assert healed == [1]
    assert interruption.asked


@pytest.mark.usefixtures("_signals")
def test_a_signal_interrupts_also_when_the_healing_fails() -> None:
    def fail() -> None:
        raise OSError

    interruption = Interruption()
    with pytest.raises(KeyboardInterrupt), interruption.first(fail):
        interruption._received(2, None)


@pytest.fixture
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The handlers of the tests stay as they are."""
    monkeypatch.setattr("signal.signal", lambda *_: None)
