"""The bandwidth toxic."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.proxy.toxics import STAGES

from ..conftest import Echo, Server, connect, receive, silent
from .virtual import Line, virtual_time


def test_the_rate_holds(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "bandwidth", rate=200)
    with connect(port) as sock:
        began = time.monotonic()
        sock.sendall(b"x" * 100_000)
        assert receive(sock, 100_000) == b"x" * 100_000
        assert 0.45 <= time.monotonic() - began < 1.5


@pytest.mark.parametrize("rate", [0, -1, -(2**63)])
def test_no_rate_stalls_without_loss(server: Server, echo: Echo, rate: int) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "bandwidth", rate=rate)
    with connect(port) as sock:
        sock.sendall(b"kept")
        assert silent(sock)
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert receive(sock, 4) == b"kept"


def test_a_stalled_link_holds_back_its_source(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "bandwidth", "upstream", rate=0)
    with connect(port) as sock:
        sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            sock.sendall(b"x" * 64_000_000)
        server.client.delete(f"/proxies/e/toxics/{name}")
        sock.settimeout(10)
        assert receive(sock, 100_000) == b"x" * 100_000


@given(st.lists(st.integers(1, 50_000), min_size=1, max_size=10), st.integers(1, 100))
def test_the_rate_is_exact_however_the_stream_is_cut(sizes: list[int], rate: int) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("bandwidth", rate=rate)
        pair = line.connect()
        began = clock.now
        for size in sizes:
            pair.ask(bytes(size))
        clock.rest()
        ended = pair.server.written[-1][0]
        assert len(pair.server.received) == sum(sizes)
        # What is less than a millisecond stays debt.
        assert ended - began == pytest.approx(sum(sizes) / (rate * 1000), abs=0.0011)


def test_a_long_chunk_comes_in_slices_of_100_ms() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("bandwidth", rate=100)
        pair = line.connect()
        began = clock.now
        pair.ask(bytes(25_000))
        clock.rest()
        slices = [(round((at - began) * 1000), len(data)) for at, data in pair.server.written]
        assert slices == [(100, 10_000), (200, 10_000), (250, 5_000)]


def test_a_change_lets_the_rest_of_the_chunk_go_and_forgets_the_debt() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("bandwidth", rate=1)
        pair = line.connect()
        pair.ask(bytes(10_000))
        clock.advance(1.05)
        assert len(pair.server.received) == 1000
        line.change(toxic, rate=100)
        assert len(pair.server.received) == 10_000
        began = clock.now
        pair.ask(bytes(1000))
        clock.rest()
        assert pair.server.written[-1][0] - began == pytest.approx(0.01)


def test_negative_rates_are_named() -> None:
    assert "rate is -1 KB/s" in str(STAGES["bandwidth"].check({"rate": -1}))
    assert STAGES["bandwidth"].check({"rate": 0}) is None
