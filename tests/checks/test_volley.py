"""The volley: everything arrives before anything is answered, and busy answers are sent again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from codeblue.checks.volley import volley, volley_until_settled

BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
OK = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


class Turnstile:
    """Accepts connections; answers by ``script``, one per request in the order of arrival."""

    def __init__(self, script: list[bytes]) -> None:
        self.script, self.complete = script, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/x"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while self.script:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                received = b""
                while not received.endswith(b'{"n":1}'):
                    received += connection.recv(65536)
                self.complete += 1
                connection.sendall(self.script.pop(0))


@pytest.fixture
def turnstiles() -> Iterator[list[Turnstile]]:
    made: list[Turnstile] = []
    yield made
    for turnstile in made:
        turnstile.listener.close()


def _requests(url: str, count: int) -> list[httpx.Request]:
    return [httpx.Request("POST", url, content=b'{"n":1}') for _ in range(count)]


def test_every_request_gets_its_answer(turnstiles: list[Turnstile]) -> None:
    turnstiles.append(turnstile := Turnstile([OK] * 10))
    answers = volley(_requests(turnstile.url, 10))
    assert [answer.status_code for answer in answers if answer] == [201] * 10


def test_no_answer_is_none(turnstiles: list[Turnstile]) -> None:
    turnstiles.append(turnstile := Turnstile([OK, b"", OK]))
    answers = volley(_requests(turnstile.url, 3))
    assert [answer and answer.status_code for answer in answers] == [201, None, 201]


def test_a_refused_connection_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(OSError, match="refused"):
        volley(_requests(url, 1))


def test_busy_answers_are_sent_again(turnstiles: list[Turnstile]) -> None:
    turnstiles.append(turnstile := Turnstile([OK, BUSY, BUSY, BUSY, OK, OK]))
    answers = volley_until_settled(_requests(turnstile.url, 3), pause=0.01)
    assert [answer and answer.status_code for answer in answers] == [201, 201, 201]
    assert turnstile.complete == 6


def test_it_gives_up_after_some_rounds(turnstiles: list[Turnstile]) -> None:
    turnstiles.append(turnstile := Turnstile([BUSY] * 3))
    [answer] = volley_until_settled(_requests(turnstile.url, 1), rounds=3, pause=0.01)
    assert answer is not None
    assert answer.status_code == 503
