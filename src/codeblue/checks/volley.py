"""Requests that reach a server at the same instant, for races that need no luck.

Every request is sent up to its last byte first; then the last bytes go out back to back. So the
server holds all of them before it can act on any (last-byte synchronisation).
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing

import httpx

BUSY = frozenset({409, 412, 429, 503})
"""Answers that ask the caller to come again: a conflict, or a full pool."""


def volley(requests: Sequence[httpx.Request], timeout: float = 10.0) -> list[httpx.Response | None]:
    """Send all ``requests`` at once, one connection each; ``None`` where no answer came.

    Each request needs a body. ``timeout`` is in seconds and applies to each answer.

    Raises:
        OSError: a connection could not be opened, so the volley was not fired.
    """
    with ExitStack() as stack:
        flights = [
            (stack.enter_context(closing(_connect(request, timeout))), request)
            for request in requests
        ]
        for connection, request in flights:
            _send_all_but_last_byte(connection, request)
        for connection, request in flights:
            connection.send(request.content[-1:])
        return [_answer(connection, request) for connection, request in flights]


def volley_until_settled(
    requests: Sequence[httpx.Request], rounds: int = 8, pause: float = 0.1
) -> list[httpx.Response | None]:
    """A volley whose busy answers are sent again, all at once, at most ``rounds`` times in all.

    Only for requests that carry their own identity, as one without an answer is not sent again.
    ``pause`` is the time between rounds in seconds.
    """
    answers = volley(requests)
    for _ in range(rounds - 1):
        busy = [i for i, answer in enumerate(answers) if answer and answer.status_code in BUSY]
        if not busy:
            break
        time.sleep(pause)
        for i, answer in zip(busy, volley([requests[i] for i in busy]), strict=True):
            answers[i] = answer
    return answers


def _connect(request: httpx.Request, timeout: float) -> http.client.HTTPConnection:
    scheme = http.client.HTTPSConnection if request.url.scheme == "https" else None
    connection = (scheme or http.client.HTTPConnection)(
        request.url.host, request.url.port, timeout=timeout
    )
    connection.connect()
    return connection


def _send_all_but_last_byte(connection: http.client.HTTPConnection, request: httpx.Request) -> None:
    path = request.url.raw_path.decode("ascii")
    connection.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.items():
        if name != "connection":
            connection.putheader(name, value)
    connection.putheader("connection", "close")
    connection.endheaders()
    connection.send(request.content[:-1])


def _answer(
    connection: http.client.HTTPConnection, request: httpx.Request
) -> httpx.Response | None:
    try:
        raw = connection.getresponse()
        content = raw.read()
    except (OSError, http.client.HTTPException):
        return None
    return httpx.Response(raw.status, headers=raw.getheaders(), content=content, request=request)
