"""What passes through a proxy without toxics, and how it ends."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from .conftest import Echo, Server, abort, connect, receive


def test_bytes_pass_unchanged_in_both_directions(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    payload = bytes(range(256)) * 8192
    with connect(port) as sock:
        threading.Thread(target=sock.sendall, args=(payload,), daemon=True).start()
        assert receive(sock, len(payload)) == payload
    assert server.counters("e")["bytes_down"] >= len(payload)


def test_a_half_closed_connection_still_gets_its_answer(server: Server, echo: Echo) -> None:
    with connect(server.create("e", echo.address)) as sock:
        sock.sendall(b"abc")
        sock.shutdown(socket.SHUT_WR)
        assert receive(sock, 100) == b"abcbye 3"


def test_a_client_that_ends_before_the_upstream_is_dialled_is_served(
    server: Server, echo: Echo
) -> None:
    port = server.create("e", echo.address)
    for _ in range(50):
        with connect(port) as sock:
            sock.sendall(b"x")
            sock.shutdown(socket.SHUT_WR)
            assert receive(sock, 100) == b"xbye 1"


def test_a_refused_upstream_ends_the_client_and_is_counted(server: Server) -> None:
    with connect(server.create("r", "127.0.0.1:1")) as sock:
        assert sock.recv(1) == b""
    assert server.counters("r")["refused_upstream"] == 1


@pytest.mark.parametrize("upstream", ["nosuchhost.invalid:9", "no port", "x:1:2", "a" * 70 + ":1"])
def test_an_upstream_that_cannot_be_found_ends_the_client(server: Server, upstream: str) -> None:
    with connect(server.create("r", upstream)) as sock:
        assert sock.recv(1) == b""


def test_a_black_holed_upstream_holds_up_nobody_else(server: Server, echo: Echo) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # fill the backlog, so that the next handshake is never completed
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        hole = server.create("hole", f"127.0.0.1:{port}")
        with connect(hole), connect(hole):
            began = time.monotonic()
            assert server.client.post("/proxies/hole", json={"enabled": False}).status_code == 200
            assert server.client.delete("/proxies/hole").status_code == 204
            assert time.monotonic() - began < 2
        for filler in fillers:
            filler.close()


def test_disabling_drops_connections_and_refuses_new_ones(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    with connect(port) as sock:
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"
        server.client.post("/proxies/e", json={"enabled": False})
        assert ended(sock)
        with pytest.raises(ConnectionRefusedError):
            connect(port)
    server.client.post("/proxies/e", json={"enabled": True})
    with connect(port) as sock:
        sock.sendall(b"y")
        assert receive(sock, 1) == b"y"


def test_a_client_that_reads_nothing_cannot_hold_up_disabling(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    with connect(port) as sock:
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.sendall(b"x" * 64_000_000)
        began = time.monotonic()
        server.client.delete("/proxies/e")
        assert time.monotonic() - began < 2


def test_active_connections_are_forgotten_however_they_end(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    for end in (abort, socket.socket.close):
        sock = connect(port)
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"
        assert server.counters("e")["active"] == 1
        end(sock)
        eventually_idle(server, "e")
    assert server.counters("e")["accepted"] == 2


def eventually_idle(server: Server, proxy: str) -> None:
    deadline = time.monotonic() + 5
    while server.counters(proxy)["active"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ended(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def test_an_upstream_that_vanishes_ends_its_clients_and_nothing_else(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        port = server.create("v", f"127.0.0.1:{listener.getsockname()[1]}")
        socks = [connect(port) for _ in range(20)]
        ends = [listener.accept()[0] for _ in socks]
        for sock in socks:
            sock.sendall(b"x")
        for end in ends:
            assert end.recv(1) == b"x"  # it is connected on its whole way
            end.sendall(b"some")
            abort(end)
    for sock in socks:
        with sock:
            assert receive(sock, 100) in {b"some", b""}  # a reset may overtake what it follows
    with connect(port) as sock:
        assert sock.recv(1) == b""
    assert server.counters("v")["refused_upstream"] == 1
    eventually_idle(server, "v")


def test_connections_that_come_and_go_with_the_proxy_are_all_forgotten(
    server: Server, echo: Echo
) -> None:
    port = server.create("e", echo.address)
    done = threading.Event()

    def churn() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError), connect(port) as sock:
                sock.sendall(b"x")

    threads = [threading.Thread(target=churn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(60):
        server.client.post("/proxies/e", json={"enabled": bool(number % 2)})
    done.set()
    for thread in threads:
        thread.join()
    eventually_idle(server, "e")
