"""The bandwidth toxic."""

from __future__ import annotations

import time

import pytest

from ..conftest import Echo, Server, connect, receive, silent


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
