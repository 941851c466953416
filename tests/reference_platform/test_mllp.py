from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform import mllp

T = TypeVar("T")
TEXT = st.binary(max_size=300).filter(lambda b: mllp.START not in b and mllp.END not in b)


def reader_of(*pieces: bytes, limit: int = 64) -> asyncio.StreamReader:
    """A closed stream of `pieces`; the small limit makes long segments take the long way."""
    reader = asyncio.StreamReader(limit=limit)
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    return reader


def read(*pieces: bytes) -> bytes | None:
    async def run() -> bytes | None:
        return await mllp.read_message(reader_of(*pieces))

    return asyncio.run(run())


def read_all(*pieces: bytes) -> list[bytes]:
    async def run() -> list[bytes]:
        return [message async for message in mllp.messages(reader_of(*pieces))]

    return asyncio.run(run())


@given(TEXT)
def test_a_framed_message_is_read_back_unchanged(message: bytes) -> None:
    assert read(mllp.frame(message)) == message


@given(st.lists(TEXT, max_size=5))
def test_messages_of_one_connection_keep_their_borders(sent: list[bytes]) -> None:
    assert read_all(b"".join(mllp.frame(message) for message in sent)) == sent


@given(TEXT, st.integers(min_value=1))
def test_a_frame_torn_anywhere_is_never_a_message(message: bytes, at: int) -> None:
    whole = mllp.frame(message)
    torn = whole[: 1 + at % (len(whole) - 1)]
    with pytest.raises(mllp.MllpError, match="closed inside a frame"):
        read(torn)


def test_bytes_between_frames_are_ignored() -> None:
    assert read_all(b"\r\n", mllp.frame(b"A"), b"noise", mllp.frame(b"B"), b"\n") == [b"A", b"B"]


def test_a_closed_connection_has_no_message() -> None:
    assert read() is None


def test_a_message_of_the_size_limit_passes_and_one_byte_more_does_not() -> None:
    largest = b"x" * mllp.SIZE_LIMIT
    assert read(mllp.frame(largest)) == largest
    with pytest.raises(mllp.MllpError, match="over the limit"):
        mllp.frame(largest + b"x")
    with pytest.raises(mllp.MllpError, match="over the limit"):
        read(mllp.START + largest + b"x" + mllp.END)


def test_an_endless_message_is_given_up_before_its_end() -> None:
    with pytest.raises(mllp.MllpError, match="over the limit"):
        read(mllp.START + b"PID|1\r" * (mllp.SIZE_LIMIT // 5))


@pytest.mark.parametrize("message", [b"a\x0bb", b"a\x1c\rb"])
def test_frame_characters_inside_a_message_are_refused(message: bytes) -> None:
    with pytest.raises(mllp.MllpError, match="frame character"):
        mllp.frame(message)


async def upper(message: bytes) -> bytes:
    return message.upper()


def with_server(
    handle: mllp.Handler,
    run: Callable[[int], Awaitable[T]],
    limits: mllp.Limits = mllp.UNLIMITED,
) -> T:
    async def body() -> T:
        server = await mllp.serve("127.0.0.1", 0, handle, limits)
        try:
            port: int = server.sockets[0].getsockname()[1]
            return await asyncio.wait_for(run(port), 20)
        finally:
            server.close()

    return asyncio.run(body())


def test_every_exchange_of_a_connection_gets_its_own_answer() -> None:
    async def run(port: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = [await mllp.exchange(reader, writer, word) for word in (b"one", b"two\r")]
        writer.close()
        return answers

    assert with_server(upper, run) == [b"ONE", b"TWO\r"]


def test_a_message_in_single_bytes_is_one_message() -> None:
    async def run(port: int) -> bytes | None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in mllp.frame(b"slow"):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.001)
        answer = await mllp.read_message(reader)
        writer.close()
        return answer

    assert with_server(upper, run) == b"SLOW"


def test_a_server_that_closes_without_an_answer_is_an_error() -> None:
    async def refuse(_message: bytes) -> bytes:
        raise mllp.MllpError("refused")

    async def run(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await mllp.exchange(reader, writer, b"question")
        finally:
            writer.close()

    with pytest.raises(mllp.MllpError, match=re.escape("without an acknowledgement")):
        with_server(refuse, run)


def test_several_acknowledgements_leave_in_their_order() -> None:
    async def twice(message: bytes) -> list[bytes]:
        return [message, message.upper()]

    async def run(port: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        first = await mllp.exchange(reader, writer, b"a")
        second = await mllp.acknowledgement(reader)
        writer.close()
        return [first, second]

    assert with_server(twice, run) == [b"a", b"A"]


@pytest.mark.parametrize(
    ("said", "limits"),
    [(b"", mllp.Limits(idle=0.05)), (mllp.START + b"MSH|", mllp.Limits(frame=0.05))],
)
def test_a_peer_that_is_too_slow_is_disconnected(said: bytes, limits: mllp.Limits) -> None:
    async def run(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        answered = await reader.read()
        writer.close()
        return answered

    assert with_server(upper, run, limits) == b""


def test_one_connection_too_many_is_closed_and_a_place_is_free_again() -> None:
    async def run(port: int) -> list[bytes]:
        answers = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            answers.append(await mllp.exchange(reader, writer, b"one"))
            more, surplus = await asyncio.open_connection("127.0.0.1", port)
            answers.append(await more.read())
            surplus.close()
            writer.close()
            await asyncio.sleep(0.05)
        return answers

    assert with_server(upper, run, mllp.Limits(connections=1)) == [b"ONE", b""] * 3
