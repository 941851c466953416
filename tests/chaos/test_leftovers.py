from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from codeblue.chaos import held
from codeblue.chaos.leftovers import Leftovers
from codeblue.errors import UnhealedError
from codeblue.faults import ProxyApi
from codeblue.journal import read_events

if TYPE_CHECKING:
    from codeblue.session import Session

EDGE = "platform-store"
SLOW = {"type": "latency", "stream": "downstream", "attributes": {"latency": 5}}


def healed(session: Session) -> list[tuple[str, bool]]:
    events = read_events(session.run.path)
    return [(e["type"], e["verified"]) for e in events if e["kind"] == "fault-healed"]


@pytest.fixture
def proxy(proxied: Session) -> ProxyApi:
    return ProxyApi(proxied.proxy_url)


def test_what_was_not_there_before_is_removed(proxied: Session, proxy: ProxyApi) -> None:
    proxy.add_toxic(EDGE, {**SLOW, "name": "theirs"})
    leftovers = Leftovers(proxied.proxy_url)
    proxy.add_toxic(EDGE, {**SLOW, "name": "forgotten"})
    leftovers.clear(proxied.journal)
    assert [toxic["name"] for toxic in proxy.edge(EDGE)["toxics"]] == ["theirs"]
    assert leftovers.found == [f"forgotten on edge {EDGE}"]
    assert healed(proxied) == [("forgotten", True)]


def test_an_edge_that_was_closed_is_opened(proxied: Session, proxy: ProxyApi) -> None:
    leftovers = Leftovers(proxied.proxy_url)
    proxy.set_enabled(EDGE, enabled=False)
    leftovers.clear(proxied.journal)
    assert proxy.edge(EDGE)["enabled"] is True
    assert healed(proxied) == [("disabled", True)]


def test_an_edge_that_was_closed_before_stays_closed(proxied: Session, proxy: ProxyApi) -> None:
    proxy.set_enabled(EDGE, enabled=False)
    leftovers = Leftovers(proxied.proxy_url)
    leftovers.clear(proxied.journal)
    assert proxy.edge(EDGE)["enabled"] is False
    assert healed(proxied) == []


def test_a_fault_that_somebody_of_ours_holds_is_no_leftover(
    proxied: Session, proxy: ProxyApi
) -> None:
    leftovers = Leftovers(proxied.proxy_url)
    held.hold(proxied, EDGE, "latency", {"ms": 5})
    leftovers.clear(proxied.journal)
    assert len(proxy.edge(EDGE)["toxics"]) == 1
    held.heal()


def test_what_cannot_be_removed_is_an_error(
    proxied: Session, proxy: ProxyApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftovers = Leftovers(proxied.proxy_url)
    proxy.add_toxic(EDGE, {**SLOW, "name": "forgotten"})
    with monkeypatch.context() as patch:
        patch.setattr(ProxyApi, "remove_toxic", lambda *_: None)
        with pytest.raises(UnhealedError, match=f"forgotten on edge {EDGE}: still in place"):
            leftovers.clear(proxied.journal)
    assert healed(proxied) == [("forgotten", False)]


def test_a_proxy_that_is_gone_cannot_say_that_nothing_is_left(
    proxied: Session, fault_proxy: subprocess.Popen[bytes]
) -> None:
    leftovers = Leftovers(proxied.proxy_url)
    fault_proxy.kill()
    fault_proxy.wait()
    with pytest.raises(UnhealedError, match="Nobody can say that no fault is left behind"):
        leftovers.clear(proxied.journal)
