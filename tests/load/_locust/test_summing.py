from __future__ import annotations

from codeblue.load import LoadPlan, Stream
from codeblue.load._locust.summing import summed

JOURNEYS = {"a": Stream(rate=20), "b": Stream(rate=10)}
PLAN = LoadPlan(label="x", journeys=JOURNEYS, seconds=10, arrivals="constant")
TURNS = [[0, 1], [1]]


def report(**fields: object) -> dict[str, object]:
    usual = {"issued": [100, 0], "elapsed": 10.0, "cpu": 1.0, "cpu_share": 0.1}
    return {**usual, "lateness_p99": 0.001, "reason": "", **fields}


def test_counts_are_added_and_the_worst_worker_speaks_for_all() -> None:
    worst = report(issued=[100, 100], cpu=3.0, cpu_share=0.3, lateness_p99=0.02)
    found = summed(PLAN, TURNS, {0: report(), 1: worst}, [], 10.0)
    assert found == {
        "planned": [200, 100],
        "elapsed": 10.0,
        "workers": 2,
        "cpu": 4.0,
        "cpu_share": 0.3,
        "lateness_p99": 0.02,
        "reason": "",
    }


def test_a_dead_worker_owes_what_was_due_until_the_end() -> None:
    found = summed(PLAN, TURNS, {0: report(elapsed=5.0, issued=[50, 0])}, [1], 9.0)
    assert found["planned"] == [100, 50]
    assert "worker 1 died" in found["reason"]


def test_all_workers_dead_is_a_result_too() -> None:
    found = summed(PLAN, TURNS, {}, [0, 1], 4.0)
    assert found["planned"] == [80, 40]
    assert found["elapsed"] == 4.0


def test_a_worker_that_refused_the_plan_says_why() -> None:
    found = summed(PLAN, TURNS, {0: report(), 1: {"reason": "another plan"}}, [], 10.0)
    assert found["reason"] == "another plan"
