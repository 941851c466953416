from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from codeblue.chaos import baseline
from codeblue.chaos.burst import Answer, Workload
from codeblue.chaos.probes.reaching import reaching
from codeblue.errors import CodeblueError, UsageError

if TYPE_CHECKING:
    from codeblue.session import Session

ASK = [{"path": "/asking"}]
EDGE = "platform-store"


class Caller:
    """A platform that makes so many calls on its edge for each request, and answers like that."""

    def __init__(self, session: Session) -> None:
        host, _, port = session.edge(EDGE).listen.rpartition(":")
        self._address = (host, int(port))
        self.calls, self.status = 1, 200

    def send(self, _session: object, count: int, *_: float) -> list[Answer]:
        for _call in range(count * self.calls):
            with socket.create_connection(self._address, timeout=5) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert connection.recv(1)
        return [Answer(self.status, 0.1)] * count


@pytest.fixture
def caller(proxied: Session, monkeypatch: pytest.MonkeyPatch) -> Caller:
    baseline.forget()
    caller = Caller(proxied)
    monkeypatch.setattr(Workload, "send", caller.send)
    return caller


@pytest.mark.slow
def test_calls_are_counted_where_they_pass(caller: Caller) -> None:
    assert reaching(EDGE, ASK, count=5)["per_request"] == 0.0
    caller.calls, caller.status = 3, 503
    measure = reaching(EDGE, ASK, count=5)
    assert (measure["calls"], measure["per_request"], measure["success"]) == (15, 3.0, 0.0)
    assert measure["measured"] == "5 requests made 15 calls on platform-store (3.00 each)"


@pytest.mark.slow
def test_who_calls_twice_and_succeeds_has_felt_the_fault(caller: Caller) -> None:
    reaching(EDGE, ASK, count=5)
    caller.calls = 2
    assert reaching(EDGE, ASK, count=5)["per_request"] == 2.0
    caller.calls = 1
    with pytest.raises(CodeblueError, match="the fault was not felt: all 5 requests succeeded"):
        reaching(EDGE, ASK, count=5)


@pytest.mark.slow
def test_a_workload_that_fails_without_the_fault_proves_nothing(caller: Caller) -> None:
    caller.status = 503
    with pytest.raises(CodeblueError, match="control: only 0 of 5 requests succeed"):
        reaching(EDGE, ASK, count=5)


def test_a_proxy_that_does_not_count_connections_is_refused_in_words(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline.forget()
    monkeypatch.setattr(httpx, "get", lambda *_, **__: httpx.Response(404))
    with pytest.raises(UsageError, match="does not count connections"):
        reaching(EDGE, ASK, count=5)


def test_an_edge_that_is_not_there_is_refused(session: Session) -> None:
    with pytest.raises(UsageError, match="no-edge"):
        reaching("no-edge", ASK)
