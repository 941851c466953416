"""The loss toxic."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.proxy.toxics import STAGES

from ..conftest import Echo, Server, connect, receive
from .virtual import Line, virtual_time


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=50), st.integers(0))
def test_each_lost_chunk_stalls_the_stream_once_and_nothing_is_missing(
    chunks: list[bytes], seed: int
) -> None:
    with virtual_time() as clock:
        line = Line(clock, seed)
        line.add("loss", percent=50, stall=200)
        pair = line.connect()
        began, times = clock.now, []
        for chunk in chunks:
            pair.ask(chunk)
        clock.rest()
        assert pair.server.received == b"".join(chunks)
        times = [round((at - began) / 0.2, 6) for at, _ in pair.server.written]
        steps = [b - a for a, b in zip([0.0, *times], times, strict=False)]
        assert {round(step, 3) for step in steps} <= {0.0, 1.0}


@pytest.mark.parametrize(
    ("percent", "least", "most"), [(0, 0, 0), (10, 60, 140), (100, 1000, 1000)]
)
def test_the_share_of_lost_chunks(percent: int, least: int, most: int) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("loss", percent=percent, stall=100)
        pair = line.connect()
        began = clock.now
        for _ in range(1000):
            pair.ask(b"x")
            clock.advance(0.0)
        clock.rest()
        assert least <= round((clock.now - began) / 0.1) <= most


def test_a_removal_ends_the_stall(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "loss", percent=100, stall=60_000)
    with connect(port) as sock:
        sock.sendall(b"x")
        time.sleep(0.1)
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert receive(sock, 1) == b"x"


def test_more_than_everything_is_named() -> None:
    assert "percent is 101 %" in str(STAGES["loss"].check({"percent": 101, "stall": 0}))
