"""The latency toxic."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.proxy.toxics import STAGES

from ..conftest import Echo, Server, connect, receive, silent
from .virtual import Line, virtual_time


def round_trip(port: int) -> float:
    with connect(port) as sock:
        sock.sendall(b"a")
        receive(sock, 1)
        began = time.monotonic()
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"
        return time.monotonic() - began


def test_answers_come_later(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "latency", latency=100)
    assert round_trip(port) >= 0.098


def test_jitter_stays_within_its_bounds(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "latency", latency=50, jitter=20)
    assert min(round_trip(port) for _ in range(10)) >= 0.029


def test_pipelined_writes_wait_together_and_stay_in_order(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "latency", latency=200)
    with connect(port) as sock:
        began = time.monotonic()
        for number in range(10):
            sock.sendall(b"%d" % number)
            time.sleep(0.01)
        assert receive(sock, 10) == b"0123456789"
        assert 0.19 <= time.monotonic() - began < 1.0


def test_removal_sends_what_waits_at_once(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "latency", latency=60_000)
    with connect(port) as sock:
        sock.sendall(b"one")
        assert silent(sock)
        sock.sendall(b"two")
        assert silent(sock, 0.1)
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert receive(sock, 6) == b"onetwo"
        sock.sendall(b"three")
        assert receive(sock, 5) == b"three"


def test_an_update_lets_the_waiting_chunk_go(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "latency", latency=60_000)
    with connect(port) as sock:
        sock.sendall(b"one")
        assert silent(sock)
        server.client.post(f"/proxies/e/toxics/{name}", json={"attributes": {"latency": 10}})
        assert receive(sock, 3) == b"one"


def test_an_absurd_jitter_does_not_kill_the_server(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "latency", latency=2**63 - 1, jitter=2**63 - 1)
    with connect(port) as sock:
        sock.sendall(b"x")
    assert server.client.get("/version").status_code == 200


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=20), st.integers(0, 300))
def test_every_chunk_is_late_by_the_latency_and_no_more(gaps: list[float], late: int) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("latency", latency=late)
        pair = line.connect()
        sent = []
        for gap in gaps:
            clock.advance(gap)
            sent.append(clock.now)
            pair.ask(b"x")
        clock.rest()
        arrived = [at for at, _ in pair.server.written]
        assert arrived == pytest.approx([at + late / 1000 for at in sent])


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=20), st.integers(0, 99), st.integers(0))
def test_jitter_keeps_the_order_and_its_bounds(gaps: list[float], jitter: int, seed: int) -> None:
    with virtual_time() as clock:
        line = Line(clock, seed)
        line.add("latency", latency=100, jitter=jitter)
        pair = line.connect()
        sent = []
        for number, gap in enumerate(gaps):
            clock.advance(gap)
            sent.append(clock.now)
            pair.ask(b"%c" % number)
        clock.rest()
        assert pair.server.received == bytes(range(len(gaps)))
        for at, (arrived, _) in zip(sent, pair.server.written, strict=True):
            assert arrived >= at + (100 - jitter) / 1000 - 1e-9
            assert arrived < max(sent[0], at) + (100 + jitter) / 1000 + 1e-9 or jitter == 0


def test_two_latencies_add_up() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("latency", latency=100)
        line.proxy.toxics[0].name = "first"
        line.add("latency", latency=100)
        pair = line.connect()
        began = clock.now
        pair.ask(b"x")
        clock.rest()
        assert pair.server.written[0][0] - began == pytest.approx(0.2)


def test_a_thousand_chunks_may_wait_and_then_the_client_does() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("latency", latency=60_000)
        pair = line.connect()
        for _ in range(1024):
            pair.ask(b"x")
            assert not pair.client.paused
        pair.ask(b"x")
        assert pair.client.paused
        clock.rest()
        assert not pair.client.paused
        assert len(pair.server.received) == 1025


def test_absurd_values_are_named() -> None:
    check = STAGES["latency"].check
    assert check({"latency": 100, "jitter": 200}) is None
    assert "jitter is 9223372036854775807 ms" in str(check({"latency": 0, "jitter": 2**63 - 1}))
