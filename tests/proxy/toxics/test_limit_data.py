"""The limit_data toxic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..conftest import Echo, Server, connect, receive
from .virtual import Line, virtual_time


@pytest.mark.parametrize("limit", [0, 1, 10, 16])
def test_passes_exactly_so_many_bytes_then_closes(server: Server, echo: Echo, limit: int) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "limit_data", bytes=limit)
    with connect(port) as sock:
        sock.sendall(b"0123456789abcdef")
        assert receive(sock, 100) == b"0123456789abcdef"[:limit]


def test_zero_downstream_loses_the_answer_and_not_the_request(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "limit_data", bytes=0)
    with connect(port) as sock:
        sock.sendall(b"request")
        assert sock.recv(1) == b""
    counters = server.counters("e")
    assert counters["bytes_up"] == len(b"request")
    assert counters["bytes_down"] == 0


def test_what_passed_still_waits_for_the_toxics_behind(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "limit_data", bytes=3)
    server.toxic("e", "latency", latency=100)
    with connect(port) as sock:
        sock.sendall(b"abcdef")
        assert receive(sock, 100) == b"abc"


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=20), st.integers(-5, 500))
def test_the_bytes_are_counted_exactly(chunks: list[bytes], limit: int) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("limit_data", bytes=limit)
        pair, other = line.connect(), line.connect()
        for chunk in chunks:
            pair.ask(chunk)
        everything = b"".join(chunks)
        assert pair.server.received == everything[: max(0, limit)]
        assert pair.over is (len(everything) >= limit and bool(chunks))
        assert not other.over, "each link counts by itself"


@given(st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 60)), min_size=1, max_size=20))
def test_the_count_survives_changes(steps: list[tuple[bytes, int]]) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("limit_data", bytes=30)
        pair, expected, over = line.connect(), b"", False
        for chunk, limit in steps:
            line.change(toxic, bytes=limit)
            if not chunk or over:
                continue
            pair.ask(chunk)
            expected += chunk[: max(0, limit - len(expected))]
            over = len(expected) >= limit
            assert (pair.server.received, pair.over) == (expected, over)


def test_both_directions_count_by_themselves() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("limit_data", "upstream", bytes=3)
        line.add("limit_data", "downstream", bytes=3)
        pair = line.connect()
        pair.ask(b"ab")
        pair.answer(b"cdef")
        assert (pair.server.received, pair.client.received) == (b"ab", b"cde")
        assert pair.over
