from __future__ import annotations

from typing import Any

import pytest

from codeblue.chaos.interruption import current as interruption
from codeblue.chaos.outcome import Outcome, exit_unhealed, problems
from codeblue.errors import UnhealedError


@pytest.fixture(autouse=True)
def _nobody_asked_to_stop() -> None:
    interruption.begin()
    interruption.end()


def run(name: str, status: str | None) -> dict[str, Any]:
    activity = {"type": "action", "name": name}
    return {"activity": activity, **({} if status is None else {"status": status})}


def report(*method: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"status": "completed", "run": list(method), "rollbacks": [], **changes}


def running(outcome: Outcome, settings: dict[str, Any]) -> None:
    outcome.running({}, {}, {}, {}, None, settings)


@pytest.mark.parametrize("strategy", [None, "default", "deviated", "never"])
def test_rollbacks_are_always_played_and_the_settings_are_lent(strategy: str | None) -> None:
    before = {"strategy": strategy} if strategy else {}
    settings = {"runtime": {"rollbacks": dict(before)}}
    outcome = Outcome(lambda: None)
    running(outcome, settings)
    assert settings["runtime"]["rollbacks"]["strategy"] == "always"
    outcome.finish(report())
    assert settings["runtime"]["rollbacks"] == before


@pytest.mark.parametrize(
    ("journal", "status"),
    [
        (report(run("a", "succeeded")), "completed"),
        (report(run("a", "succeeded"), run("b", "failed")), "failed"),
        (report(rollbacks=[run("r", "failed")]), "failed"),
        (report(run("a", None)), "failed"),
        (report(run("a", "failed"), status="interrupted"), "interrupted"),
    ],
)
def test_only_what_succeeded_is_completed(journal: dict[str, Any], status: str) -> None:
    Outcome(lambda: None).finish(journal)
    assert journal["status"] == status


def test_a_request_that_came_too_late_to_stop_anything_is_no_completion() -> None:
    journal = report(run("a", "succeeded"))
    interruption.request("SIGTERM was received")
    Outcome(lambda: None).finish(journal)
    assert journal["status"] == "interrupted"


def test_a_problem_is_named() -> None:
    journal = report(run("breaks", "failed"), rollbacks=[run("heals", "failed")])
    assert problems(journal, None) == [
        "action breaks did not succeed",
        "action heals did not succeed",
    ]


def test_without_chaos_run_an_unhealed_fault_is_raised_to_whoever_called() -> None:
    assert exit_unhealed(UnhealedError("still there")) is False
