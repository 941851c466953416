from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from chaoslib.exceptions import InterruptExecution

from codeblue.chaos import baseline, traffic
from codeblue.chaos.supervision import Supervision
from codeblue.errors import UsageError
from codeblue.journal import read_events

if TYPE_CHECKING:
    from codeblue.session import Session

    from .conftest import SmallPlatform

LOAD = {"requests": [{"path": "/chart/{patient}"}], "rate": 50}


def experiment(load: dict[str, Any] | None) -> dict[str, Any]:
    return {"extensions": [{"name": "other", "load": 1}, {"name": "codeblue", "load": load}]}


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    baseline.forget()
    yield
    traffic.end()


def test_arrivals_come_until_the_end_and_are_counted(
    session: Session, sent: list[tuple[str, str, str]]
) -> None:
    traffic.begin(experiment(LOAD), session)
    while len(sent) < 10:
        time.sleep(0.01)
    ended = traffic.end()
    assert ended is not None
    assert ended["sent"] >= 10
    assert ended["ok"] == ended["statuses"]["ok"] <= ended["sent"]
    assert f"of {ended['sent']} requests succeeded, 50 arrivals per second" in ended["measured"]
    arrived = len(sent)
    time.sleep(0.2)
    assert len(sent) == arrived


def test_arrivals_do_not_wait_for_answers(session: Session, platform: SmallPlatform) -> None:
    platform.mode = "hang"
    traffic.begin(experiment(LOAD), session)
    while len(platform.seen) < 10:
        time.sleep(0.01)
    platform.mode = "error"
    ended = traffic.end()
    assert ended is not None
    assert ended["ok"] == 0
    assert ended["statuses"]["open at the end"] >= 10


def test_the_end_is_bounded_and_no_thread_is_left(
    session: Session, platform: SmallPlatform
) -> None:
    platform.mode = "hang"
    slow = {**LOAD, "rate": 0.1}
    traffic.begin(experiment(slow), session)
    began = time.monotonic()
    assert traffic.end() is not None
    assert time.monotonic() - began < 3
    assert "background load" not in {thread.name for thread in threading.enumerate()}


def test_an_end_without_a_load_and_a_load_without_a_session_are_nothing(session: Session) -> None:
    assert traffic.end() is None
    traffic.begin(experiment(None), session)
    traffic.begin(experiment(LOAD), None)
    assert traffic.end() is None


def test_a_new_experiment_ends_the_load_of_the_one_before(session: Session) -> None:
    traffic.begin(experiment(LOAD), session)
    traffic.begin(experiment(LOAD), session)
    assert traffic.end() is not None
    assert traffic.end() is None


@pytest.mark.parametrize(
    ("load", "sentence"),
    [
        ({**LOAD, "raet": 5}, 'load: unknown key "raet"'),
        ({"rate": 5}, "load: it has no requests"),
        ({"requests": "/x", "rate": 5}, "load: it has no requests"),
        ({**LOAD, "rate": 0}, "load: the rate is 0. Give arrivals per second"),
        ({**LOAD, "rate": "5/s"}, "load: the rate is '5/s'"),
        ({**LOAD, "rate": 5000}, "`codeblue load` puts on more"),
    ],
)
def test_a_wrong_load_is_refused_in_words(
    session: Session, load: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        traffic.begin(experiment(load), session)
    assert traffic.end() is None


def test_it_lasts_as_long_as_the_experiment_and_is_noted_at_its_end(
    session: Session, sent: list[tuple[str, str, str]]
) -> None:
    supervision = Supervision({"title": "Charts", **experiment({**LOAD, "id": "x"})}, {}, {})
    with pytest.raises(InterruptExecution, match='load: unknown key "id"'):
        supervision.begin()
    supervision = Supervision({"title": "Charts", **experiment(LOAD)}, {}, {})
    supervision.begin()
    while len(sent) < 5:
        time.sleep(0.01)
    supervision.end()
    texts = [str(event.get("text")) for event in read_events(session.run.path)]
    assert any(text.startswith("background load: ") for text in texts)
