"""The reset_peer toxic."""

from __future__ import annotations

import time

import pytest

from ..conftest import Echo, Server, connect, receive, silent
from .virtual import Line, virtual_time


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_the_first_traffic_resets_open_and_new_connections(
    server: Server, echo: Echo, stream: str
) -> None:
    port = server.create("e", echo.address)
    with connect(port) as old:
        old.sendall(b"x")
        assert receive(old, 1) == b"x"
        server.toxic("e", "reset_peer", stream, timeout=0)
        with connect(port) as new:
            for sock in (old, new):
                assert silent(sock, 0.1)
                sock.sendall(b"x")
                with pytest.raises(ConnectionResetError):
                    sock.recv(1)


def test_removal_does_not_wait_for_the_reset_and_keeps_the_connection(
    server: Server, echo: Echo
) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "reset_peer", timeout=40_000)
    with connect(port) as sock:
        sock.sendall(b"x")
        assert silent(sock)
        began = time.monotonic()
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert time.monotonic() - began < 2
        assert receive(sock, 1) == b"x"


def test_idle_connections_are_reset_too(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    with connect(port) as old:
        old.sendall(b"x")
        assert receive(old, 1) == b"x"
        server.toxic("e", "reset_peer", "upstream", timeout=0)
        with connect(port) as new:
            for sock in (old, new):
                with pytest.raises(ConnectionResetError):
                    sock.recv(1)


@pytest.mark.parametrize("open_before", [True, False])
def test_idle_means_a_second_without_traffic_and_then_the_timeout(open_before: bool) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        pair = line.connect() if open_before else None
        line.add("reset_peer", timeout=500)
        pair = pair or line.connect()
        clock.advance(1.49)
        assert not pair.over
        clock.advance(0.02)
        assert pair.over
        assert pair.client.reset
        assert pair.server.reset


def test_traffic_is_reset_after_the_timeout_and_does_not_arrive() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("reset_peer", timeout=500)
        pair = line.connect()
        clock.advance(0.9)
        pair.ask(b"x")
        clock.advance(0.49)
        assert not pair.over
        clock.advance(0.02)
        assert pair.over
        assert pair.client.reset
        assert pair.server.received == b""


def test_removed_in_time_it_passes_everything_on_in_order_and_resets_nothing() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        idle = line.connect()
        toxic = line.add("reset_peer", timeout=40_000)
        pair = line.connect()
        for data in (b"one", b"two", b"three"):
            pair.ask(data)
        pair.hang_up()
        clock.advance(0.5)
        line.remove(toxic)
        assert pair.server.received == b"onetwothree"
        assert pair.server.eof
        clock.advance(100)
        assert not idle.over


def test_a_change_counts_from_now() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("reset_peer", timeout=40_000)
        pair, idle = line.connect(), line.connect()
        pair.ask(b"x")
        line.change(toxic, timeout=100)
        clock.advance(0.11)
        assert pair.over
        assert not idle.over
        clock.advance(1.0)
        assert idle.over
