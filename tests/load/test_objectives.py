from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from codeblue.load.objectives import compared
from codeblue.load.planning.plan import LoadPlan
from codeblue.load.result import JourneyResult, LoadResult
from codeblue.target import Objective

TARGET = {"chart-review": Objective(availability=99.5, p99=0.2), "night": Objective(p99=9)}


def came(**fields: Any) -> JourneyResult:
    usual = {"issued": 1000, "ok": 995, "failed": 5, "in_flight": 0, "dropped": 0}
    times = {"p50": 20.0, "p95": 80.0, "p99": 150.0}
    rest = {"requests": 1000, "service_p50": 1.0, "service_p99": 2.0, "queue_p99": 3.0}
    return JourneyResult(**{**usual, **times, **rest, **fields})


def result(**journeys: JourneyResult) -> LoadResult:
    streams = {name.replace("_", "-"): journey for name, journey in journeys.items()}
    return LoadResult("usual", 0.0, 10.0, 1, streams, 1.0, 100.0, "")


def plan(objectives: dict[str, Any]) -> LoadPlan:
    streams = {
        "chart-review": 10,
        "noisy": {"rate": 90, "journey": "chart-review"},
        "booking": 1,
    }
    fields = {"label": "usual", "journeys": streams, "seconds": 10, "objectives": objectives}
    return LoadPlan.model_validate(fields)


def test_what_is_promised_is_met_at_its_very_limit() -> None:
    found = compared(TARGET, result(chart_review=came(ok=995, p99=200.0)))
    assert [(m.objective, m.threshold, m.measured, m.unit, m.met) for m in found] == [
        ("availability", 99.5, 99.5, "%", True),
        ("p99", 200.0, 200.0, "ms", True),
    ]
    assert {(m.load, m.journey) for m in found} == {("usual", "chart-review")}


@pytest.mark.parametrize(
    ("journey", "missed"),
    [
        (came(ok=994, failed=6), ["availability"]),
        (came(ok=994, failed=0, in_flight=6), ["availability"]),
        (came(ok=994, failed=0, dropped=6), ["availability"]),
        (came(p99=200.1), ["p99"]),
        (came(ok=0, failed=1000, p99=30_000.0), ["availability", "p99"]),
    ],
)
def test_what_is_not_met_is_said(journey: JourneyResult, missed: list[str]) -> None:
    found = compared(TARGET, result(chart_review=journey))
    assert [m.objective for m in found if not m.met] == missed


def thresholds(found: list[Any], stream: str) -> list[float]:
    return [m.threshold for m in found if m.journey == stream]


def test_the_plan_comes_first_then_the_name_then_the_journey_then_the_default() -> None:
    journeys = result(chart_review=came(), noisy=came(), booking=came())
    own = plan({"chart-review": {"availability": 90.0}})
    found = compared(TARGET, journeys, own)
    assert thresholds(found, "chart-review") == [90.0]
    assert thresholds(found, "noisy") == [99.5, 200.0]
    assert thresholds(found, "booking") == [99.0]
    bare = compared(TARGET, journeys)
    assert thresholds(bare, "chart-review") == [99.5, 200.0]
    assert thresholds(bare, "noisy") == [99.0]


def test_where_nothing_was_issued_nothing_was_measured() -> None:
    nothing = came(issued=0, ok=0, failed=0, p50=None, p95=None, p99=None)
    assert isnan(nothing.availability)
    assert compared(TARGET, result(chart_review=nothing)) == []


def test_where_nothing_was_recorded_only_availability_is_measured() -> None:
    dropped = came(ok=0, failed=0, dropped=1000, p99=None)
    assert [m.objective for m in compared(TARGET, result(chart_review=dropped))] == ["availability"]
