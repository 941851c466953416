"""MLLP (HL7 v2 Minimal Lower Layer Protocol): framing, and one request-reply exchange.

A frame is `<VT> message <FS><CR>` (0x0B, then 0x1C 0x0D), as in release 1 of the HL7 transport
specification. Bytes between two frames are ignored, as that specification asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

START = b"\x0b"
END = b"\x1c\r"
SIZE_LIMIT = 1024 * 1024
"""The longest message that is read or framed, in bytes; frame characters not counted."""

Handler = Callable[[bytes], Awaitable[bytes | Sequence[bytes]]]
"""Takes the bytes of one message and returns its acknowledgement, or several."""


class MllpError(Exception):
    """The peer broke the framing: a torn frame, a message over the limit, or no answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server puts up with (None = anything).

    Seconds that a connection may be idle between two frames; seconds that a frame may take to
    arrive, and its answer to leave; connections at once.
    """

    idle: float | None = None
    frame: float | None = None
    connections: int | None = None


UNLIMITED = Limits()


def frame(message: bytes) -> bytes:
    """`message` in its frame.

    Raises:
        MllpError: the message is over `SIZE_LIMIT`, or contains a frame character.
    """
    if len(message) > SIZE_LIMIT:
        raise MllpError(f"mllp: {len(message)} bytes are over the limit of {SIZE_LIMIT}.")
    if START in message or END in message:
        raise MllpError("mllp: the message contains a frame character. Escape it first.")
    return START + message + END


async def read_message(reader: asyncio.StreamReader, limits: Limits = UNLIMITED) -> bytes | None:
    """The next message without its frame, or None when the peer closed between two frames.

    Raises:
        MllpError: the peer closed inside a frame, or the message is over `SIZE_LIMIT`.
        TimeoutError: the peer was idle, or the frame took too long.
    """
    async with asyncio.timeout(limits.idle):
        if not await _skip_to_start(reader):
            return None
    message = bytearray()
    async with asyncio.timeout(limits.frame):
        while not message.endswith(END):
            message += await _read_through_cr(reader)
            if len(message) > SIZE_LIMIT + len(END):
                raise MllpError(f"mllp: a message is over the limit of {SIZE_LIMIT} bytes.")
    return bytes(message[: -len(END)])


async def _skip_to_start(reader: asyncio.StreamReader) -> bool:
    """Consume up to and including the start of a frame; False at the end of the stream."""
    while byte := await reader.read(1):
        if byte == START:
            return True
    return False


async def _read_through_cr(reader: asyncio.StreamReader) -> bytes:
    """The next piece up to a carriage return, which ends both a segment and a frame."""
    try:
        return await reader.readuntil(b"\r")
    except asyncio.IncompleteReadError as error:
        raise MllpError("mllp: the peer closed inside a frame.") from error
    except asyncio.LimitOverrunError as error:
        return await reader.readexactly(error.consumed)


async def messages(
    reader: asyncio.StreamReader, limits: Limits = UNLIMITED
) -> AsyncIterator[bytes]:
    """Every message of a connection, until the peer closes it."""
    while (message := await read_message(reader, limits)) is not None:
        yield message


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes
) -> bytes:
    """Send `message` and return its acknowledgement. Timeouts are the caller's decision.

    Raises:
        MllpError: the peer closed without an answer, or broke the framing.
        OSError: the connection is lost.
    """
    await send(writer, message)
    return await acknowledgement(reader)


async def send(writer: asyncio.StreamWriter, message: bytes) -> None:
    """Send `message` in its frame."""
    writer.write(frame(message))
    await writer.drain()


async def acknowledgement(reader: asyncio.StreamReader) -> bytes:
    """The next message; MllpError when the peer closed instead."""
    if (answer := await read_message(reader)) is None:
        raise MllpError("mllp: the peer closed without an acknowledgement.")
    return answer


async def serve(
    host: str, port: int, handle: Handler, limits: Limits = UNLIMITED
) -> asyncio.Server:
    """Listen for MLLP connections; each message of a connection is answered in its order.

    A peer that breaks the framing or a limit is disconnected: after a torn frame nothing can be
    trusted. What else `handle` raises ends the connection too, and is the event loop's to report.
    """
    served = 0

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        try:
            if limits.connections is None or served <= limits.connections:
                await _converse(reader, writer, handle, limits)
        except (MllpError, OSError):
            pass
        finally:
            served -= 1
            writer.close()

    return await asyncio.start_server(connection, host, port)


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handler, limits: Limits
) -> None:
    async for message in messages(reader, limits):
        answers = await handle(message)
        async with asyncio.timeout(limits.frame):
            for answer in [answers] if isinstance(answers, bytes) else answers:
                await send(writer, answer)
