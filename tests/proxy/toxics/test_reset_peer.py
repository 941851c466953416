"""The reset_peer toxic."""

from __future__ import annotations

import time

import pytest

from ..conftest import Echo, Server, connect, receive, silent


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
