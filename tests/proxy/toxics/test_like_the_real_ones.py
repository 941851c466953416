"""What the toxics do to bytes and to time, by ours and by a real Toxiproxy alike."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ..conftest import Echo, Server, connect, receive, silent
from ..servers import STARTS, clear

PIECE_US = 30_000
HARMLESS = {
    "latency": {"latency": 3},
    "slicer": {"average_size": 2000, "size_variation": 500, "delay": 10},
    "bandwidth": {"rate": 50_000},
}


@pytest.fixture(scope="module", params=["embedded", "real"])
def one_of_them(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = STARTS[request.param]()
    yield server
    server.stop()


@pytest.fixture
def server(one_of_them: Server) -> Iterator[Server]:
    yield one_of_them
    clear(one_of_them)


@pytest.fixture
def port(server: Server, echo: Echo) -> int:
    return server.create("e", echo.address)


def pieces(sock: socket.socket, count: int) -> list[bytes]:
    """What arrives, read by read, until so many bytes are there."""
    parts: list[bytes] = []
    while sum(map(len, parts)) < count:
        parts.append(sock.recv(count))
    return parts


@pytest.mark.parametrize(("length", "sizes"), [(10, [10]), (11, [5, 6]), (40, [10] * 4)])
def test_a_slicer_without_variation_halves(
    server: Server, port: int, length: int, sizes: list[int]
) -> None:
    server.toxic("e", "slicer", average_size=10, delay=PIECE_US)
    with connect(port) as sock:
        sock.sendall(bytes(length))
        assert [len(piece) for piece in pieces(sock, length)] == sizes


def test_a_varied_slicer_stays_within_average_and_variation(server: Server, port: int) -> None:
    server.toxic("e", "slicer", average_size=20, size_variation=10, delay=PIECE_US)
    payload = bytes(range(200))
    with connect(port) as sock:
        sock.sendall(payload)
        parts = pieces(sock, len(payload))
    assert b"".join(parts) == payload
    assert max(map(len, parts)) <= 30
    assert len(parts) >= 7


def test_removing_a_slicer_sends_the_rest_at_once(server: Server, port: int) -> None:
    name = server.toxic("e", "slicer", average_size=1, delay=60_000_000)
    with connect(port) as sock:
        sock.sendall(b"abcdef")
        assert sock.recv(10) == b"a"
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert receive(sock, 5) == b"bcdef"


def test_bandwidth_sends_the_first_slice_after_100_ms(server: Server, port: int) -> None:
    server.toxic("e", "bandwidth", rate=10)
    with connect(port) as sock:
        began = time.monotonic()
        sock.sendall(bytes(3000))
        first = sock.recv(3000)
        assert time.monotonic() - began >= 0.09
        assert len(first) <= 2000
        receive(sock, 3000 - len(first))
        assert 0.28 <= time.monotonic() - began < 2


def test_no_bandwidth_stalls_and_its_removal_loses_nothing(server: Server, port: int) -> None:
    name = server.toxic("e", "bandwidth", rate=0)
    with connect(port) as sock:
        sock.sendall(b"kept")
        assert silent(sock)
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert receive(sock, 4) == b"kept"


def test_a_change_of_the_rate_lets_the_waiting_chunk_go(server: Server, port: int) -> None:
    name = server.toxic("e", "bandwidth", rate=1)
    with connect(port) as sock:
        sock.sendall(bytes(20_000))  # 20 s of it
        time.sleep(0.2)
        server.client.post(f"/proxies/e/toxics/{name}", json={"attributes": {"rate": 100_000}})
        began = time.monotonic()
        assert receive(sock, 20_000) == bytes(20_000)
        assert time.monotonic() - began < 5


def test_each_swallowed_chunk_starts_the_timeout_again(server: Server, port: int) -> None:
    server.toxic("e", "timeout", "upstream", timeout=600)
    with connect(port) as sock:
        for _ in range(9):
            sock.sendall(b"x")
            assert silent(sock, 0.1)
        began = time.monotonic()
        assert sock.recv(1) == b""
        assert time.monotonic() - began >= 0.4


def test_the_count_of_limit_data_survives_a_change(server: Server, port: int) -> None:
    name = server.toxic("e", "limit_data", bytes=100)
    with connect(port) as sock:
        sock.sendall(b"12345")
        assert receive(sock, 5) == b"12345"
        server.client.post(f"/proxies/e/toxics/{name}", json={"attributes": {"bytes": 8}})
        sock.sendall(b"67890")
        assert receive(sock, 100) == b"678"


def test_two_latencies_add_up(server: Server, port: int) -> None:
    for name in ("one", "two"):
        toxic = {"name": name, "type": "latency", "attributes": {"latency": 100}}
        assert server.client.post("/proxies/e/toxics", json=toxic).is_success
    with connect(port) as sock:
        began = time.monotonic()
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"
        assert time.monotonic() - began >= 0.195


def test_a_new_connection_is_reset_after_its_first_traffic_and_the_timeout(
    server: Server, port: int
) -> None:
    server.toxic("e", "reset_peer", timeout=200)
    with connect(port) as sock:
        assert silent(sock)
        sock.sendall(b"x")
        began = time.monotonic()
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
        assert time.monotonic() - began >= 0.15


def test_toxics_that_come_and_go_leave_the_stream_whole(server: Server, port: int) -> None:
    payload = bytes(range(256)) * 2000
    with connect(port) as sock:
        threading.Thread(target=sock.sendall, args=(payload,), daemon=True).start()
        for _ in range(4):
            names = [
                server.toxic("e", kind, "downstream", **attributes)
                for kind, attributes in HARMLESS.items()
            ]
            for name in names:
                assert server.client.delete(f"/proxies/e/toxics/{name}").status_code == 204
        assert receive(sock, len(payload)) == payload
