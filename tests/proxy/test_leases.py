"""Leases: what an owner holds is healed when the owner falls silent."""

from __future__ import annotations

import time

import pytest

from .conftest import Echo, Server, connect, receive, silent


def lease(server: Server, owner: str, milliseconds: int) -> None:
    reply = server.client.put(f"/leases/{owner}", json={"expires_in": milliseconds})
    assert reply.json() == {"owner": owner, "expires_in": milliseconds}


def hang(server: Server, owner: str) -> None:
    for stream in ("upstream", "downstream"):
        server.toxic("e", "timeout", stream, timeout=0, lease=owner)


def test_an_expired_lease_heals_toxics_and_disabled_proxies(server: Server, echo: Echo) -> None:
    ports = [server.create(name, echo.address) for name in ("e", "f")]
    lease(server, "me", 300)
    hang(server, "me")
    server.client.post("/proxies/f", json={"enabled": False, "lease": "me"})
    time.sleep(0.55)
    for port in ports:
        with connect(port) as sock:
            sock.sendall(b"x")
            assert receive(sock, 1) == b"x"
    assert server.client.get("/leases").json() == {}
    assert server.client.get("/proxies/e/toxics").json() == []


def test_a_renewed_lease_keeps_its_faults(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    lease(server, "me", 300)
    hang(server, "me")
    with connect(port) as sock:
        for _ in range(5):
            lease(server, "me", 300)
            sock.sendall(b"x")
            assert silent(sock, 0.15)
        assert sock.recv(1) == b""


def test_ending_a_lease_heals_only_what_it_owns(server: Server, echo: Echo) -> None:
    server.create("e", echo.address)
    for owner in ("me", "you"):
        lease(server, owner, 60_000)
    hang(server, "me")
    server.toxic("e", "latency", latency=1, lease="you")
    server.toxic("e", "noop")
    assert server.client.delete("/leases/me").status_code == 204
    names = [toxic["name"] for toxic in server.client.get("/proxies/e/toxics").json()]
    assert names == ["latency_downstream", "noop_downstream"]
    assert server.client.delete("/leases/me").status_code == 404


def test_the_last_holder_enables_a_proxy(server: Server, echo: Echo) -> None:
    server.create("e", echo.address)
    for owner in ("me", "you"):
        lease(server, owner, 60_000)
        server.client.post("/proxies/e", json={"enabled": False, "lease": owner})
    server.client.delete("/leases/me")
    assert not enabled(server)
    server.client.delete("/leases/you")
    assert enabled(server)


def test_a_proxy_disabled_for_good_stays_disabled(server: Server, echo: Echo) -> None:
    server.create("e", echo.address)
    lease(server, "me", 60_000)
    server.client.post("/proxies/e", json={"enabled": False, "lease": "me"})
    server.client.post("/proxies/e", json={"enabled": False})
    server.client.delete("/leases/me")
    assert not enabled(server)


def test_other_updates_leave_the_owner_as_it_was(server: Server, echo: Echo) -> None:
    server.create("e", echo.address)
    lease(server, "me", 60_000)
    server.client.post("/proxies/e", json={"enabled": False, "lease": "me"})
    server.client.post("/proxies/e", json={"upstream": "127.0.0.1:9"})
    assert not enabled(server)
    server.client.delete("/leases/me")
    assert enabled(server)


def test_an_unknown_owner_is_refused_with_a_sentence(server: Server, echo: Echo) -> None:
    server.create("e", echo.address)
    toxic = {"type": "timeout", "attributes": {"lease": "nobody"}}
    replies = [
        server.client.post("/proxies/e/toxics", json=toxic),
        server.client.post("/proxies/e", json={"enabled": False, "lease": "nobody"}),
    ]
    for reply in replies:
        assert reply.status_code == 400
        assert 'unknown lease "nobody"' in reply.json()["error"]
    assert enabled(server)
    assert server.client.get("/proxies/e/toxics").json() == []


def test_the_lease_is_not_printed_back(server: Server, echo: Echo) -> None:
    server.create("e", echo.address)
    lease(server, "me", 60_000)
    toxic = {"type": "timeout", "attributes": {"lease": "me"}}
    assert server.client.post("/proxies/e/toxics", json=toxic).json()["attributes"] == {
        "timeout": 0
    }


@pytest.mark.parametrize("value", [0, -1, 86_400_001, 1.5, "5", None])
def test_a_senseless_length_is_refused(server: Server, value: object) -> None:
    assert server.client.put("/leases/me", json={"expires_in": value}).status_code == 400


def enabled(server: Server) -> bool:
    return bool(server.client.get("/proxies/e").json()["enabled"])
