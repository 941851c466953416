"""The timeout toxic."""

from __future__ import annotations

import time

from ..conftest import Echo, Server, connect, receive, silent


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
