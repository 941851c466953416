"""The line between a load generator and the process that started it.

One socket pair does three jobs: it carries messages, it works when the disk is full, and it closes
when either side dies, however it dies.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Any

import orjson

Message = dict[str, Any]


class Channel:
    """One end of the line; messages are JSON objects."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._received = b""

    def send(self, **message: Any) -> None:
        """Send ``message``; a peer that is gone hears nothing, which is no error."""
        with suppress(OSError):
            self._socket.sendall(orjson.dumps(message) + b"\n")

    def receive(self, timeout: float | None = None) -> Message | None:
        """The next message, or ``None`` when the peer is gone.

        Raises:
            TimeoutError: nothing came for ``timeout`` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._received:
            if deadline is not None:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            if not (more := self._read()):
                return None
            self._received += more
        line, _, self._received = self._received.partition(b"\n")
        return dict(orjson.loads(line))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except ConnectionError:
            return b""
