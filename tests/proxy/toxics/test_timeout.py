"""The timeout toxic."""

from __future__ import annotations

import time

from ..conftest import Echo, Server, connect, receive, silent
from .virtual import Line, virtual_time


def test_zero_swallows_and_never_closes_until_it_is_removed(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    with connect(port) as sock:
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"
        name = server.toxic("e", "timeout", timeout=0)
        sock.sendall(b"lost")
        assert silent(sock)
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert sock.recv(1) == b""
    with connect(port) as sock:
        sock.sendall(b"y")
        assert receive(sock, 1) == b"y"


def test_closes_after_silence(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "timeout", timeout=150)
    with connect(port) as sock:
        began = time.monotonic()
        assert sock.recv(1) == b""
        assert time.monotonic() - began >= 0.14


def test_each_swallowed_chunk_starts_the_clock_again(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "timeout", "upstream", timeout=400)
    with connect(port) as sock:
        for _ in range(8):
            sock.sendall(b"x")
            assert silent(sock, 0.1)


def test_only_traffic_in_its_direction_starts_the_clock_again() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("timeout", timeout=500)
        pair = line.connect()
        for _ in range(12):
            clock.advance(0.2)
            pair.ask(b"swallowed")
        assert not pair.over
        assert pair.server.received == b""
        for _ in range(3):
            clock.advance(0.2)
            pair.answer(b"x")
        assert pair.over
        assert not pair.client.reset


def test_a_change_starts_the_clock_with_the_new_value() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("timeout", timeout=0)
        pair = line.connect()
        clock.advance(3600)
        assert not pair.over
        line.change(toxic, timeout=100)
        clock.advance(0.099)
        assert not pair.over
        clock.advance(0.002)
        assert pair.over
