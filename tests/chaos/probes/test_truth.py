from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from codeblue.chaos import baseline
from codeblue.chaos.burst import Answer, Request, Workload
from codeblue.chaos.probes.truth import marked, unchanged
from codeblue.chaos.tolerances import at_least, at_most
from codeblue.errors import CodeblueError

if TYPE_CHECKING:
    from codeblue.session import Session

SUMMARY = [{"path": "/summary/{patient}"}]
Told = Callable[[Request], tuple[int, Any]]
Platform = dict[str, Told]


@pytest.fixture
def says(session: Session, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform that answers as its function tells."""
    baseline.forget()
    platform: Platform = {"told": lambda _request: (200, {})}

    def send(_: Workload, __: Session, requests: Sequence[Request], *___: float) -> list[Answer]:
        told = [platform["told"](request) for request in requests]
        return [Answer(s, 0.01, body=json.dumps(body).encode()) for s, body in told]

    monkeypatch.setattr(Workload, "send_these", send)
    return platform


def a_mark() -> dict[str, Any]:
    return marked(SUMMARY, mark="news2.stale", count=10)


def a_score() -> dict[str, Any]:
    return unchanged(SUMMARY, fields=["score"], count=10)


def honest(measure: dict[str, Any]) -> bool:
    return at_least(measure, minimum=0.99, of=["success", "honest"])


def test_what_is_degraded_has_to_be_marked(says: Platform) -> None:
    assert honest(a_mark())
    says["told"] = lambda _request: (200, {"news2": {"stale": True}})
    assert honest(a_mark())
    says["told"] = lambda _request: (200, {"news2": {"stale": False, "score": 0}})
    silent = a_mark()
    assert (silent["honest"], silent["unmarked"]) == (0.0, 10)
    assert not honest(silent)
    assert "10 of them without the mark 'news2.stale'" in silent["measured"]


def test_an_error_is_honest_and_no_success(says: Platform) -> None:
    a_mark()
    says["told"] = lambda _request: (503, {})
    refused = a_mark()
    assert (refused["honest"], refused["success"]) == (1.0, 0.0)


def test_a_mark_without_a_fault_proves_nothing(says: Platform) -> None:
    says["told"] = lambda _request: (200, {"news2": {"stale": True}})
    with pytest.raises(CodeblueError, match="only 0 of 10 requests are without the mark"):
        a_mark()


def test_the_same_questions_are_compared(says: Platform) -> None:
    asked: list[str] = []

    def by_patient(request: Request) -> tuple[int, Any]:
        asked.append(request.path)
        return 200, {"score": request.path, "at": len(asked)}

    says["told"] = by_patient
    assert a_score()["wrong"] == 0.0
    assert a_score()["wrong"] == 0.0
    assert asked[:10] == asked[10:]


def test_answers_that_changed_are_wrong_and_errors_are_not(says: Platform) -> None:
    says["told"] = lambda _request: (200, {"score": 3})
    assert at_most(a_score(), maximum=0.0, of="wrong")
    answers = iter([(200, {"score": 7}), (500, {"score": 7}), *[(200, {"score": 3})] * 8])
    says["told"] = lambda _request: next(answers)
    measure = a_score()
    assert (measure["wrong"], measure["success"], measure["right"]) == (0.1, 0.9, 8)
    assert measure["measured"].startswith("1 of 10 answers differ from those without the fault")
    assert not at_most(measure, maximum=0.0, of="wrong")


def test_an_answer_that_is_not_json_differs(
    says: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    says["told"] = lambda _request: (200, {"score": 3})
    a_score()
    monkeypatch.setattr(Answer, "field", lambda _answer, _path: None)
    assert a_score()["wrong"] == 1.0


@pytest.mark.parametrize("probe", [a_mark, a_score])
def test_a_control_may_have_met_one_bad_moment(
    says: Platform, probe: Callable[[], dict[str, Any]]
) -> None:
    answers: Iterator[tuple[int, Any]] = iter([(503, {})] + [(200, {})] * 19)
    says["told"] = lambda _request: next(answers)
    assert probe()["success"] == 1.0
    answers = iter([(503, {})] + [(200, {})] * 9)
    assert probe()["success"] == 0.9


@pytest.mark.parametrize("probe", [a_mark, a_score])
def test_a_workload_that_fails_without_the_fault_proves_nothing(
    says: Platform, probe: Callable[[], dict[str, Any]]
) -> None:
    says["told"] = lambda _request: (503, {})
    with pytest.raises(CodeblueError, match="only 0 of 10 requests succeed without the fault"):
        probe()


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        (b'{"a": {"b": 1}}', "a.b", 1),
        (b'{"a": {"b": 1}}', "a.c", None),
        (b'{"a": [1]}', "a.b", None),
        (b"[1]", "a", None),
        (b"<html>", "a", None),
        (b"\xff", "a", None),
    ],
)
def test_a_field_of_an_answer_is_there_or_not(body: bytes, path: str, found: object) -> None:
    assert Answer(200, 0.1, body=body).field(path) == found
