"""Leases through the API: on toxics, on disabled proxies, and on proxies themselves."""

from __future__ import annotations

import asyncio
import time

import pytest

from codeblue.proxy.api.bounds import LONGEST, MOST_LEASES
from codeblue.proxy.api.call import Request
from codeblue.proxy.api.routes import answer
from codeblue.proxy.registry import Registry

from ..conftest import Echo, Server, connect


def proxy(server: Server, echo: Echo, name: str, lease: str) -> int:
    body = {"name": name, "listen": "127.0.0.1:0", "upstream": echo.address, "lease": lease}
    return server.client.post("/proxies", json=body).status_code


def test_a_leased_proxy_goes_with_its_lease_and_no_other(server: Server, echo: Echo) -> None:
    server.create("kept", echo.address)
    for owner in ("me", "you"):
        server.client.put(f"/leases/{owner}", json={"expires_in": 60_000})
        assert proxy(server, echo, owner, owner) == 201
    port = int(server.client.get("/proxies/me").json()["listen"].rpartition(":")[2])
    assert server.client.delete("/leases/me").status_code == 204
    assert sorted(server.client.get("/proxies").json()) == ["kept", "you"]
    with pytest.raises(ConnectionRefusedError):
        connect(port)


def test_a_leased_proxy_goes_when_its_owner_falls_silent(server: Server, echo: Echo) -> None:
    server.client.put("/leases/me", json={"expires_in": 200})
    assert proxy(server, echo, "brief", "me") == 201
    deadline = time.monotonic() + 2
    while server.client.get("/proxies/brief").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_lease_that_nobody_holds_creates_nothing(server: Server, echo: Echo) -> None:
    assert proxy(server, echo, "e", "nobody") == 400
    assert server.client.get("/proxies").json() == {}


@pytest.mark.parametrize("expires_in", [0, -1, 86_400_001, None, "1", 1.5])
def test_how_long_a_lease_may_last(server: Server, expires_in: object) -> None:
    assert server.client.put("/leases/me", json={"expires_in": expires_in}).status_code == 400
    assert server.client.get("/leases").json() == {}


def test_leases_are_bounded_in_number_and_name() -> None:
    async def fill() -> None:
        registry = Registry(seed=0)

        async def renew(owner: str) -> int:
            request = Request("PUT", f"/leases/{owner}", "", b'{"expires_in": 60000}')
            return (await answer(registry, request)).status

        assert await renew("x" * (LONGEST + 1)) == 400
        assert {await renew(str(number)) for number in range(MOST_LEASES)} == {200}
        assert await renew("one more") == 400
        assert await renew("0") == 200

    asyncio.run(fill())
