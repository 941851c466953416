"""A sender of HL7 v2 messages over MLLP (HL7 Minimal Lower Layer Protocol, release 1).

A frame is ``<VT> message <FS><CR>``; every message is answered by one acknowledgement.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

START, END = b"\x0b", b"\x1c\r"


class MllpError(ConnectionError):
    """The receiver closed the connection, or answered with something that is no acknowledgement."""


@dataclass(frozen=True)
class Acknowledgement:
    """MSA-1 (``AA``, ``AE``, ``AR``), MSA-2 (the control id that it answers) and the whole text."""

    code: str
    control_id: str
    text: str


class MllpConnection:
    """One connection to a receiver; messages go one at a time, each waiting for its answer."""

    def __init__(self, host: str, port: int, timeout: float = 5.0) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, message: str) -> Acknowledgement:
        """Send one message (segments ended by a carriage return) and wait for its answer.

        Raises:
            MllpError: the receiver hung up or its answer has no MSA segment.
            TimeoutError: no answer in time.
        """
        self._socket.sendall(START + message.encode() + END)
        return _acknowledgement(self._frame())

    def _frame(self) -> str:
        while END not in self._received:
            chunk = self._socket.recv(65536)
            if not chunk:
                raise MllpError("MLLP: the receiver closed the connection before it answered")
            self._received += chunk
        frame, self._received = self._received.split(END, 1)
        return frame.lstrip(START).decode(errors="replace")


def _acknowledgement(text: str) -> Acknowledgement:
    for segment in text.split("\r"):
        fields = segment.split("|")
        if fields[0] == "MSA" and len(fields) > 2:  # noqa: PLR2004 - MSA-1 and MSA-2
            return Acknowledgement(fields[1], fields[2], text)
    raise MllpError(f"MLLP: the receiver's answer has no MSA segment: {text[:80]!r}")
