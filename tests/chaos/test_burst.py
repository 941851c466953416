from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from codeblue.chaos import baseline
from codeblue.chaos.burst import Workload, statuses
from codeblue.errors import CodeblueError, UsageError

if TYPE_CHECKING:
    from codeblue.session import Session

    from .conftest import SmallPlatform

ORDER = {"method": "POST", "path": "/orders/{patient}", "body": {"patient": "{patient}", "n": [1]}}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    baseline.forget()


def test_placeholders_are_filled_in_paths_and_bodies(session: Session) -> None:
    (request,) = Workload([ORDER]).take(session, 1)
    patient = request.path.removeprefix("/orders/")
    assert patient in session.patients("riverside")
    assert request.body == {"patient": patient, "n": [1]}


def test_the_workload_after_the_control_takes_other_patients(session: Session) -> None:
    workload = Workload([ORDER])
    control = {request.path for request in workload.take(session, 20)}
    fault = {request.path for request in workload.take(session, 20)}
    assert len(control) == len(fault) == 20
    assert not control & fault


def test_equal_seeds_take_equal_patients(session: Session) -> None:
    first = Workload([ORDER]).take(session, 5)
    baseline.forget()
    assert Workload([ORDER]).take(session, 5) == first


def test_patterns_take_turns_and_unique_is_unique(session: Session) -> None:
    patterns = [{"path": "/a/{unique}"}, {"path": "/b/{unique}"}]
    paths = [request.path for request in Workload(patterns).take(session, 5)]
    assert [path[:2] for path in paths] == ["/a", "/b", "/a", "/b", "/a"]
    assert len(set(paths)) == 5


def test_what_a_request_needs_is_made_first(
    session: Session, platform: SmallPlatform, sent: list[tuple[str, str, str]]
) -> None:
    made = {"method": "POST", "path": "/slots", "body": {"for": "{patient}"}}
    pattern = {"path": "/visits/{given}/{patient}", "given": made}
    first, second = Workload([pattern]).take(session, 2)
    assert [path for _, path, _ in sent] == ["/slots", "/slots"]
    assert first.path.startswith("/visits/made-1/p")
    assert second.path.startswith("/visits/made-2/p")
    assert json.loads(sent[0][2])["for"] == first.path.rpartition("/")[2]


def test_what_cannot_be_made_is_said(session: Session, platform: SmallPlatform) -> None:
    platform.mode = "error"
    pattern = {"path": "/visits/{given}", "given": {"method": "POST", "path": "/slots"}}
    with pytest.raises(CodeblueError, match="given: POST /slots made nothing"):
        Workload([pattern]).take(session, 1)


@pytest.mark.parametrize(
    ("requests", "sentence"),
    [
        ([], "requests: none are given"),
        ([{"method": "GET"}], 'no "path"'),
        ([{"path": "/", "given": {"path": "/", "given": {}}}], 'unknown key "given"'),
        ([{"path": "/", "boddy": 1}], 'unknown key "boddy". Did you mean "body"?'),
    ],
)
def test_what_is_not_a_request_is_refused_in_words(
    session: Session, requests: list[dict[str, object]], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence.replace("?", r"\?")):
        Workload(requests).take(session, 1)


def test_requests_arrive_authenticated_and_as_json(
    session: Session, sent: list[tuple[str, str, str]]
) -> None:
    (answer,) = Workload([ORDER]).send(session, 1, patience=5, over=0)
    assert answer.ok
    ((method, path, body),) = sent
    assert (method, path.partition("/orders/")[1]) == ("POST", "/orders/")
    assert json.loads(body)["n"] == [1]


@pytest.mark.parametrize(
    ("mode", "word"), [("ok", "200"), ("error", "503"), ("cut", "no answer"), ("hang", "hung")]
)
def test_every_way_a_request_can_end_has_a_word(
    session: Session, platform: SmallPlatform, mode: str, word: str
) -> None:
    platform.mode = mode
    patience = 0.5 if mode == "hang" else 30.0
    answers = Workload([{"path": "/"}]).send(session, 4, patience=patience, over=0.1)
    assert statuses(answers) == {word: 4}


def test_requests_go_past_the_proxy_or_through_an_edge(session: Session) -> None:
    assert Workload([ORDER]).address(session) == session.base_url
    listen = session.edge("platform-store").listen
    assert Workload([ORDER], through="platform-store").address(session) == f"http://{listen}"
    with pytest.raises(UsageError, match="no-edge"):
        Workload([ORDER], through="no-edge").address(session)


def test_who_is_not_named_is_the_first_tenant(session: Session) -> None:
    assert Workload([ORDER]).of(session) == "riverside"
    assert Workload([ORDER], tenant="lakeside").of(session) == "lakeside"
