"""The slow_close toxic."""

from __future__ import annotations

import socket
import time

from ..conftest import Echo, Server, connect, receive, silent


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
