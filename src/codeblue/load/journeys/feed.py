"""An HL7 v2 feed as a client of a Locust user: one MLLP connection, one request per message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from codeblue.mllp import Acknowledgement, MllpConnection

# Receivers close what is idle, and tell nobody; a feed that was quiet for longer opens a new one.
_FRESH = 30.0  # seconds


class Sender(Protocol):
    """What a client needs of a Locust user."""

    environment: Any

    def context(self) -> dict[str, Any]:
        """What Locust is to know of each request; called as one is sent."""
        ...


class MessageRefusedError(Exception):
    """The receiver answered, and did not take the message."""


class MllpClient:
    """Sends messages for ``user`` to ``address`` (``host:port``), and tells Locust of each.

    The connection is opened when it is first needed, and anew after an error: a late answer would
    be taken for that to the next message.
    """

    def __init__(self, user: Sender, address: str, timeout: float = 10.0) -> None:
        self.request_event = user.environment.events.request
        self._user = user
        self._address = address
        self._timeout = timeout
        self._connection: MllpConnection | None = None
        self._open = ExitStack()
        self._used = 0.0

    @contextmanager
    def send(self, name: str, message: str) -> Iterator[Acknowledgement | None]:
        """Send ``message``, known as ``name``; the acknowledgement AA, else ``None``.

        The request counts as answered when the block is left.
        """
        context, started = {**self._user.context()}, time.time()
        begun = time.perf_counter()
        answer, error = self._exchange(message)
        took = (time.perf_counter() - begun) * 1000
        yield answer if error is None else None
        self.request_event.fire(
            request_type="MLLP",
            name=name,
            response_time=took,
            response_length=len(answer.text) if answer else 0,
            response=None,
            exception=error,
            context=context,
            start_time=started,
            url=f"mllp://{self._address}",
        )

    def close(self) -> None:
        """Close the connection, if there is one."""
        self._connection = None
        self._open.close()

    def _exchange(self, message: str) -> tuple[Acknowledgement | None, Exception | None]:
        try:
            answer = self._connected().send(message)
        except OSError as error:
            self.close()
            return None, error
        return answer, _refusal(answer, _control_id(message))

    def _connected(self) -> MllpConnection:
        now = time.monotonic()
        if now - self._used > _FRESH:
            self.close()
        self._used = now
        if self._connection is None:
            host, _, port = self._address.rpartition(":")
            connection = MllpConnection(host, int(port), self._timeout)
            self._connection = self._open.enter_context(connection)
        return self._connection


def _control_id(message: str) -> str:
    """MSH-10."""
    return message.split("|", 10)[9]


def _refusal(answer: Acknowledgement, control_id: str) -> MessageRefusedError | None:
    if answer.code != "AA":
        return MessageRefusedError(f"MSA-1 is {answer.code}, not AA")
    if answer.control_id != control_id:
        return MessageRefusedError(f"MSA-2 is {answer.control_id}, not {control_id}")
    return None
