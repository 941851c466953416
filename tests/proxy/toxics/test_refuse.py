"""The refuse toxic."""

from __future__ import annotations

import pytest

from ..conftest import Echo, Server, connect, receive, silent
from .virtual import Line, virtual_time


def test_new_connections_are_reset_at_once_and_never_reach_the_upstream(
    server: Server, echo: Echo
) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "refuse")
    for _ in range(20):
        with pytest.raises(ConnectionResetError), connect(port) as sock:
            sock.recv(1)
    assert server.counters("e")["bytes_up"] == 0
    server.client.delete("/proxies/e/toxics/refuse_downstream")
    with connect(port) as sock:
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"


def test_open_connections_are_reset_at_their_next_byte(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    with connect(port) as sock:
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"
        server.toxic("e", "refuse", "upstream")
        assert silent(sock)
        sock.sendall(b"y")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_its_share_of_the_connections_is_refused(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    half = {"type": "refuse", "toxicity": 0.5}
    server.client.post("/proxies/e/toxics", json=half)
    refused = 0
    for _ in range(40):
        try:
            with connect(port) as sock:
                sock.sendall(b"x")
                assert receive(sock, 1) == b"x"
        except ConnectionError:
            refused += 1
    assert 5 < refused < 35


def test_the_end_of_an_open_connection_is_a_reset_as_well() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        pair = line.connect()
        line.add("refuse")
        clock.advance(3600)
        assert not pair.over
        pair.hang_up()
        assert pair.over
        assert pair.server.reset
