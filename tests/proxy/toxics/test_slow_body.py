"""The slow_body toxic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .virtual import Line, virtual_time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(length: int) -> bytes:
    return HEAD % length + b"b" * length


@given(st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(1, 30))
def test_heads_pass_and_bodies_take_their_time(lengths: list[int], size: int) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("slow_body", "downstream", delay=100, size=size)
        pair = line.connect()
        began = clock.now
        for length in lengths:
            pair.answer(answer(length))
        clock.rest()
        assert pair.client.received == b"".join(map(answer, lengths))
        pieces = sum(-(-length // size) for length in lengths)
        assert pair.client.written[-1][0] - began == pytest.approx(pieces * 0.1)


def test_the_head_is_there_at_once_and_the_body_drips() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("slow_body", "downstream", delay=100, size=2)
        pair = line.connect()
        pair.answer(EMPTY + answer(5))
        assert pair.client.received == EMPTY + HEAD % 5
        clock.advance(0.11)
        assert pair.client.received.endswith(b"\r\n\r\nbb")
        clock.advance(0.2)
        assert pair.client.received == EMPTY + answer(5)


def test_what_is_no_http_drips_as_a_whole() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("slow_body", "upstream", delay=100, size=1)
        pair = line.connect()
        pair.ask(b"\x00\x01\x02")
        assert pair.server.received == b""
        clock.rest()
        assert [data for _, data in pair.server.written] == [b"\x00", b"\x01", b"\x02"]


def test_put_on_in_the_middle_of_a_body_it_knows_the_next_head() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        pair = line.connect()
        pair.answer(answer(40)[:-10])
        line.add("slow_body", "downstream", delay=100, size=1)
        pair.answer(b"b" * 10)
        clock.rest()
        began = clock.now
        pair.answer(answer(3))
        clock.rest()
        assert clock.now - began == pytest.approx(0.3)
        assert pair.client.received == answer(40) + answer(3)


def test_request_bodies_drip_on_the_upstream() -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
    with virtual_time() as clock:
        line = Line(clock)
        line.add("slow_body", "upstream", delay=100, size=1)
        pair = line.connect()
        pair.ask(post + b"body")
        assert pair.server.received == post
        clock.rest()
        assert pair.server.received == post + b"body"
