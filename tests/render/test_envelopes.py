"""The section of the envelopes, from whatever a search left in the journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.render import render
from codeblue.render._envelopes import envelope_map

START = 1_790_000_000.0
Event = dict[str, Any]
Journal = Callable[[list[Event]], Path]

LEVELS = [10.0, 100.0, 1_000.0]
PLANNED = {
    "at": START,
    "kind": "envelope-planned",
    "edges": ["hub-insurer", "worker-sms"],
    "faults": {
        "latency": {"unit": "ms", "severities": LEVELS},
        "outage": {"unit": "s", "severities": [0.1, 1.0]},
    },
}


def cell(standing: str, low: float | None = None, high: float | None = None, **more: Any) -> Event:
    known = {"standing": standing, "tolerated": low, "broke_at": high, "unit": "ms", **more}
    return {"edge": "hub-insurer", "fault": "latency", "sentence": f"<{standing}>", **known}


def point(severity: float, verdict: str, known: Event, why: str = "") -> Event:
    facts = {"severity": severity, "verdict": verdict, "why": why, "load": "point-0001"}
    where = {"edge": "hub-insurer", "fault": "latency", "unit": "ms"}
    return {"at": START + 1, "kind": "envelope-point", **where, **facts, "known": known}


def result(known: Event) -> Event:
    return {"at": START + 2, "kind": "envelope", **known}


FOUND = [
    PLANNED,
    point(100.0, "held", cell("unfinished")),
    point(1_000.0, "broke", cell("unfinished", 100.0), "eligibility: availability 0 %, not 90"),
    result(cell("found", 100.0, 1_000.0, confidence=0.97, short="100 .. 1,000 ms")),
]


def test_a_run_without_a_search_has_no_map() -> None:
    assert envelope_map([{"at": START, "kind": "run-started"}]) is None


@pytest.mark.parametrize(
    ("standing", "low", "high", "heat"),
    [
        ("found", 100.0, 1_000.0, 1 / 3),
        ("beyond", 1_000.0, None, 0.0),
        ("below", None, 10.0, 1.0),
        ("inconclusive", 100.0, None, None),
        ("not met", None, None, None),
    ],
)
def test_the_less_is_tolerated_the_hotter_the_cell(
    standing: str, low: float | None, high: float | None, heat: float | None
) -> None:
    found = envelope_map([PLANNED, result(cell(standing, low, high))])
    assert found is not None
    assert found.cells["hub-insurer", "latency"].heat == (
        None if heat is None else pytest.approx(heat)
    )
    assert found.cells["worker-sms", "outage"].standing == "unfinished"
    assert found.answered == (heat is not None)


def test_of_a_killed_search_the_last_point_says_what_was_known() -> None:
    known = cell("unfinished", 100.0, leaning=[100.0, 1_000.0], short="100? .. 1,000? ms")
    found = envelope_map([PLANNED, point(1_000.0, "broke", known, "chart-review: p99")])
    assert found is not None
    killed = found.cells["hub-insurer", "latency"]
    assert (killed.tolerated, killed.broke_at, killed.standing) == (100.0, None, "unfinished")
    assert killed.short == "100? .. 1,000? ms"
    assert killed.culprit == "chart-review: p99"
    assert not killed.answered


def test_the_report_shows_the_map_with_what_broke_first(journal_of: Journal) -> None:
    run = journal_of(FOUND)
    render(run)
    page, markdown = ((run / name).read_text("utf-8") for name in ("report.html", "report.md"))
    for text in (page, markdown):
        assert "The resilience envelope" in text
        assert "both ends confirmed" in text
    assert "eligibility: availability 0 %, not 90" in page
    assert "97 %" in page
    section = page[page.index('<section aria-labelledby="envelope"') :]
    drawing = section[section.index("<svg") : section.index("</svg>") + 6]
    named = drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    ET.fromstring(named)
    for word in ("hub-insurer", "worker-sms", "latency", "outage", "100 .. 1,000 ms"):
        assert word in drawing


def test_a_single_envelope_has_a_table_and_no_map(journal_of: Journal) -> None:
    scale = {"latency": PLANNED["faults"]["latency"]}  # type: ignore[index]
    alone = {**PLANNED, "edges": ["hub-insurer"], "faults": scale}
    run = journal_of([alone, *FOUND[1:]])
    render(run)
    page = (run / "report.html").read_text("utf-8")
    section = page[page.index('<section aria-labelledby="envelope"') :]
    section = section[: section.index("</section>")]
    assert "<svg" not in section
    assert "both ends confirmed" in section


_ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.fixed_dictionaries({"edges": _ANY, "faults": _ANY}), st.dictionaries(st.text(), _ANY))
def test_whatever_a_broken_run_left_can_be_read(plan: Event, known: Event) -> None:
    events = [
        {"at": START, "kind": "envelope-planned", **plan},
        point(float("nan"), "held", known),
        result({**known, "edge": "hub-insurer", "fault": "latency"}),
    ]
    found = envelope_map(events)
    assert found is not None
    assert set(found.cells) == {(edge, fault) for edge in found.edges for fault in found.faults}
