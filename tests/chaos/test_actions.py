from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from codeblue.chaos import held
from codeblue.chaos.actions import heal, inject, wait_until_recovered
from codeblue.errors import UnhealedError, UsageError
from codeblue.journal import read_events

if TYPE_CHECKING:
    from codeblue.session import Session

    from .conftest import SmallPlatform

EDGE = "platform-store"


def answers(session: Session) -> bool:
    try:
        return httpx.get(f"http://{session.edge(EDGE).listen}/", timeout=1).is_success
    except httpx.TransportError:
        return False


def faults(session: Session) -> list[dict[str, object]]:
    kinds = ("fault-injected", "fault-healed")
    return [event for event in read_events(session.run.path) if event["kind"] in kinds]


@pytest.mark.parametrize("fault", ["hang", "refuse", "reset"])
def test_a_fault_lasts_until_it_is_healed(proxied: Session, fault: str) -> None:
    assert answers(proxied)
    assert inject(edge=EDGE, fault=fault)["measured"] == f"{EDGE}: {fault} is active"
    assert not answers(proxied)
    assert heal(edge=EDGE)["healed"] == [f"{EDGE} {fault}"]
    assert answers(proxied)
    injected, healed = faults(proxied)
    assert (injected["kind"], injected["type"], healed["verified"]) == (
        "fault-injected",
        fault,
        True,
    )


def test_a_fault_is_held_longer_than_its_lease(proxied: Session) -> None:
    inject(edge=EDGE, fault="hang")
    time.sleep(2)
    assert not answers(proxied)
    assert heal(edge=EDGE, fault="hang")["healed"]


def test_healing_nothing_is_fine() -> None:
    assert heal()["measured"] == "healed: nothing was broken"


def test_the_same_fault_twice_is_refused(proxied: Session) -> None:
    inject(edge=EDGE, fault="latency", ms=10)
    with pytest.raises(UsageError, match="latency is active already"):
        inject(edge=EDGE, fault="latency", ms=20)


def test_a_suspended_fault_is_gone_for_a_while_and_then_there_again(proxied: Session) -> None:
    inject(edge=EDGE, fault="latency", ms=1500)
    with held.suspended(proxied):
        assert answers(proxied)
    assert not answers(proxied)
    assert heal(edge=EDGE)["healed"] == [f"{EDGE} latency"]
    assert answers(proxied)


@pytest.mark.parametrize(
    ("edge", "fault", "sentence"),
    [
        ("platform-stor", "hang", 'Did you mean "platform-store"'),
        (EDGE, "hangs", 'Did you mean "hang"'),
    ],
)
def test_a_wrong_name_is_refused_in_words(
    proxied: Session, edge: str, fault: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        inject(edge=edge, fault=fault)
    assert not faults(proxied)


@pytest.mark.parametrize(
    ("places", "fault", "sentence"),
    [
        (
            {},
            "hang",
            "fault hang: it breaks an edge, and no place was given. Give edge= and nothing",
        ),
        ({"process": "records"}, "hang", "it breaks an edge, and process was given"),
        ({"edge": EDGE, "folder": "/x"}, "hang", "and edge, folder was given"),
        ({"edge": EDGE}, "stop", "it breaks a process, and edge was given. Give process="),
        ({"edge": EDGE}, "cpu", "it breaks the host, and edge was given. Give no place."),
    ],
)
def test_a_fault_wants_its_own_kind_of_place(
    places: dict[str, str], fault: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        inject(fault=fault, **places)


def test_a_process_is_broken_by_its_name_and_healed(
    monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    asked: list[tuple[str, str, dict[str, object]]] = []
    monkeypatch.setattr(held, "hold", lambda _session, *rest: asked.append(rest))
    assert inject(process="records", fault="stop")["measured"] == "records: stop is active"
    inject(folder="/data", fault="disk", megabytes=5)
    inject(fault="memory", megabytes=5)
    assert asked == [
        ("records", "stop", {}),
        ("/data", "disk", {"megabytes": 5}),
        ("host", "memory", {"megabytes": 5}),
    ]
    monkeypatch.setattr(held, "heal", lambda *what: [str(what)])
    assert heal(process="records", fault="stop")["healed"] == ["('records', 'stop')"]


def test_a_fault_that_cannot_be_healed_is_remembered_to_the_end(
    proxied: Session, fault_proxy: subprocess.Popen[bytes]
) -> None:
    inject(edge=EDGE, fault="hang")
    fault_proxy.kill()
    with pytest.raises(UnhealedError, match="hang is still in place"):
        heal(edge=EDGE)
    with pytest.raises(UnhealedError, match="hang is still in place"):
        held.heal_all()
    held.heal_all()


def test_recovery_is_watched_and_a_lasting_failure_is_a_finding(
    session: Session, platform: SmallPlatform
) -> None:
    chart = [{"path": "/chart/{patient}"}]
    assert wait_until_recovered(chart)["recovered"] is True
    platform.mode = "error"
    measure = wait_until_recovered(chart, within="300ms")
    assert measure["recovered"] is False
    assert measure["measured"].startswith("not recovered within 0.3 s: 0% of 10 requests")
