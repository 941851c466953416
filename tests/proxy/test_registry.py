"""Healing everything at once, whatever stands in the way."""

from __future__ import annotations

import socket
import time

import pytest

from .conftest import Echo, Server, connect, receive, silent

BOUND = 2.0
"""Seconds; generous: benchmarks/proxy_healing.py says how fast it is."""


def test_a_proxy_that_cannot_listen_does_not_keep_the_others_from_healing(
    server: Server, echo: Echo
) -> None:
    ports = {name: server.create(name, echo.address) for name in ("a", "b", "c")}
    for name in ports:
        server.toxic(name, "timeout", timeout=0)
        server.client.post(f"/proxies/{name}", json={"enabled": False})
    with socket.create_server(("127.0.0.1", ports["a"])):
        reply = server.client.post("/reset")
    assert reply.status_code == 500
    assert "address already in use" in reply.json()["error"]
    found = server.client.get("/proxies").json()
    assert [proxy["enabled"] for proxy in found.values()] == [False, True, True]
    assert [proxy["toxics"] for proxy in found.values()] == [[], [], []]
    assert server.client.post("/reset").status_code == 204
    for port in ports.values():
        with connect(port) as sock:
            sock.sendall(b"x")
            assert receive(sock, 1) == b"x"


@pytest.mark.parametrize("how", ["reset", "disable", "delete", "end of the lease"])
def test_healing_waits_for_no_toxic_and_no_reader(server: Server, echo: Echo, how: str) -> None:
    port = server.create("e", echo.address)
    server.client.put("/leases/me", json={"expires_in": 60_000})
    for stream in ("upstream", "downstream"):
        server.toxic("e", "latency", stream, latency=60_000, lease="me")
        server.toxic("e", "reset_peer", stream, timeout=60_000, lease="me")
    socks = [connect(port) for _ in range(50)]
    for sock in socks:  # the echo comes back to nobody
        sock.sendall(bytes(100_000))
    assert silent(socks[0])
    began = time.monotonic()
    reply = {
        "reset": lambda: server.client.post("/reset"),
        "disable": lambda: server.client.post("/proxies/e", json={"enabled": False}),
        "delete": lambda: server.client.delete("/proxies/e"),
        "end of the lease": lambda: server.client.delete("/leases/me"),
    }[how]()
    assert time.monotonic() - began < BOUND
    assert reply.status_code in {200, 204}
    for sock in socks:
        if how in {"reset", "end of the lease"}:
            assert receive(sock, 100_000) == bytes(100_000)
        else:
            assert ended(sock)
        sock.close()


def ended(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
