"""HL7 v2 messages over TCP: the Minimal Lower Layer Protocol (MLLP), release 1.

A frame is ``<VT> message <FS><CR>``; every message is answered by one acknowledgement.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

START, END = b"\x0b", b"\x1c\r"

_HUNG_UP = "MLLP: the receiver closed the connection before it answered"


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

    def _frame(self) -> bytes:
        while END not in self._received:
            chunk = self._socket.recv(65536)
            if not chunk:
                raise MllpError(_HUNG_UP)
            self._received += chunk
        frame, self._received = self._received.split(END, 1)
        return frame


class AsyncMllpConnection:
    """The same for asyncio, with messages as bytes in the character set that they name."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience

    @classmethod
    async def open(cls, host: str, port: int, patience: float = 5.0) -> Self:
        """Connect within ``patience`` seconds, which then also bounds each answer.

        Raises:
            OSError: the receiver cannot be reached; ``TimeoutError`` is one.
        """
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection(host, port)
        return cls(reader, writer, patience)

    async def send(self, message: bytes) -> Acknowledgement:
        """Send one message (segments ended by a carriage return) and wait for its answer.

        After an error the connection is of no more use: a late answer would be taken for that to
        the next message.

        Raises:
            MllpError: the receiver hung up or its answer has no MSA segment.
            TimeoutError: no answer in time.
        """
        async with asyncio.timeout(self._patience):
            try:
                self._writer.write(START + message + END)
                await self._writer.drain()
                frame = await self._reader.readuntil(END)
            except asyncio.IncompleteReadError as error:
                raise MllpError(_HUNG_UP) from error
            except asyncio.LimitOverrunError as error:
                raise MllpError("MLLP: the receiver's answer does not end") from error
        return _acknowledgement(frame.removesuffix(END))

    async def close(self) -> None:
        """End the connection at once, without waiting for what is still to be sent."""
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


def _acknowledgement(frame: bytes) -> Acknowledgement:
    text = frame.lstrip(START).decode(errors="replace")
    for segment in text.split("\r"):
        fields = segment.split("|")
        if fields[0] == "MSA" and len(fields) > 2:  # noqa: PLR2004 - MSA-1 and MSA-2
            return Acknowledgement(fields[1], fields[2], text)
    raise MllpError(f"MLLP: the receiver's answer has no MSA segment: {text[:80]!r}")
