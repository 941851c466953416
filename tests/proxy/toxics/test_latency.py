"""The latency toxic."""

from __future__ import annotations

import time

from ..conftest import Echo, Server, connect, receive, silent


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
