"""The slow_close toxic."""

from __future__ import annotations

import socket
import time

from ..conftest import Echo, Server, connect, receive, silent
from .virtual import Line, virtual_time


def test_data_passes_and_the_end_comes_late(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "slow_close", delay=300)
    with connect(port) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert receive(sock, 5) == b"bye 0"
        began = time.monotonic()
        assert sock.recv(1) == b""
        assert time.monotonic() - began >= 0.25


def test_removal_ends_the_wait(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "slow_close", delay=60_000)
    with connect(port) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert receive(sock, 5) == b"bye 0"
        assert silent(sock)
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert sock.recv(1) == b""


def test_the_end_waits_behind_nothing_and_a_change_starts_the_wait_anew() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("slow_close", delay=700)
        pair = line.connect()
        pair.ask(b"bye")
        assert pair.server.received == b"bye"
        pair.hang_up()
        clock.advance(0.6)
        line.change(toxic, delay=500)
        clock.advance(0.4)
        assert not pair.server.eof
        clock.advance(0.2)
        assert pair.server.eof
