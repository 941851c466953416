"""The limit_data toxic."""

from __future__ import annotations

import pytest

from ..conftest import Echo, Server, connect, receive


@pytest.mark.parametrize("limit", [0, 1, 10, 16])
def test_passes_exactly_so_many_bytes_then_closes(server: Server, echo: Echo, limit: int) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "limit_data", bytes=limit)
    with connect(port) as sock:
        sock.sendall(b"0123456789abcdef")
        assert receive(sock, 100) == b"0123456789abcdef"[:limit]


def test_zero_downstream_loses_the_answer_and_not_the_request(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "limit_data", bytes=0)
    with connect(port) as sock:
        sock.sendall(b"request")
        assert sock.recv(1) == b""
    counters = server.counters("e")
    assert counters["bytes_up"] == len(b"request")
    assert counters["bytes_down"] == 0


def test_what_passed_still_waits_for_the_toxics_behind(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "limit_data", bytes=3)
    server.toxic("e", "latency", latency=100)
    with connect(port) as sock:
        sock.sendall(b"abcdef")
        assert receive(sock, 100) == b"abc"
