"""Any sequence of requests against a model of it: the API says what was done, and data flows."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, ClassVar

import psutil
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from codeblue.proxy.toxics import STAGES

from ..conftest import Echo, Server, connect, receive, start

pytestmark = pytest.mark.slow

MIB = 1 << 20
NAMES = st.sampled_from(["a", "b", "c"])
KINDS = st.sampled_from(sorted(STAGES))
INT64 = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 10**18]) | st.integers(-(2**63), 2**63 - 1)
TOXICITIES = st.sampled_from([0, 0.5, 1])


class Model(RuleBasedStateMachine):
    """Proxies, toxics and leases as they should be after every request so far."""

    server: ClassVar[Server]
    echo: ClassVar[Echo]

    def __init__(self) -> None:
        super().__init__()
        self.enabled: dict[str, bool] = {}
        self.toxics: dict[str, dict[str, Any]] = {}
        self.held: dict[str, set[str]] = {}
        self.client = self.server.client
        self.client.put("/leases/me", json={"expires_in": 60_000})

    def teardown(self) -> None:
        self.client.delete("/leases/me")
        for name in self.client.get("/proxies").json():
            self.client.delete(f"/proxies/{name}")

    @rule(name=NAMES, enabled=st.booleans())
    def create(self, name: str, enabled: bool) -> None:
        body = {"name": name, "upstream": self.echo.address, "listen": "127.0.0.1:0"}
        status = self.client.post("/proxies", json=body | {"enabled": enabled}).status_code
        assert status == (409 if name in self.enabled else 201)
        if status == 201:
            self.enabled[name], self.toxics[name], self.held[name] = enabled, {}, set()

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        status = self.client.delete(f"/proxies/{name}").status_code
        assert status == (204 if name in self.enabled else 404)
        for known in (self.enabled, self.toxics, self.held):
            known.pop(name, None)

    @rule(name=NAMES, enabled=st.booleans())
    def switch(self, name: str, enabled: bool) -> None:
        status = self.client.patch(f"/proxies/{name}", json={"enabled": enabled}).status_code
        assert status == (200 if name in self.enabled else 404)
        if name in self.enabled:
            self.enabled[name] = enabled

    @rule(name=NAMES, kind=KINDS, toxicity=TOXICITIES, leased=st.booleans(), data=st.data())
    def add(self, name: str, kind: str, toxicity: float, leased: bool, data: st.DataObject) -> None:
        given = {each: data.draw(INT64) for each in STAGES[kind].units}
        attributes = given | ({"lease": "me"} if leased else {})
        body = {"name": kind, "type": kind, "toxicity": toxicity, "attributes": attributes}
        status = self.client.post(f"/proxies/{name}/toxics", json=body).status_code
        there = self.toxics.get(name)
        assert status == (404 if there is None else 409 if kind in there else 200)
        if status == 200:
            self.toxics[name][kind] = given
            self.held[name] |= {kind} if leased else set()

    @rule(name=NAMES, kind=KINDS, value=INT64)
    def change(self, name: str, kind: str, value: int) -> None:
        given = dict.fromkeys(STAGES[kind].units, value)
        path = f"/proxies/{name}/toxics/{kind}"
        status = self.client.patch(path, json={"attributes": given}).status_code
        known = kind in self.toxics.get(name, {})
        assert status == (200 if known else 404)
        if known:
            self.toxics[name][kind] = given

    @rule(name=NAMES, kind=KINDS)
    def remove(self, name: str, kind: str) -> None:
        status = self.client.delete(f"/proxies/{name}/toxics/{kind}").status_code
        known = self.toxics.get(name, {}).pop(kind, None)
        self.held.get(name, set()).discard(kind)
        assert status == (404 if known is None else 204)

    @rule()
    def reset(self) -> None:
        assert self.client.post("/reset").status_code == 204
        for name in self.enabled:
            self.enabled[name], self.toxics[name], self.held[name] = True, {}, set()

    @rule()
    def end_the_lease(self) -> None:
        self.client.delete("/leases/me")
        self.client.put("/leases/me", json={"expires_in": 60_000})
        for name, held in self.held.items():
            for kind in held:
                del self.toxics[name][kind]
            self.held[name] = set()

    @rule(name=NAMES, payload=st.binary(min_size=1, max_size=200))
    def talk(self, name: str, payload: bytes) -> None:
        """Whatever the toxics make of it; without any, the bytes come back."""
        if not self.enabled.get(name):
            return
        with contextlib.suppress(OSError), self.connected(name) as sock:
            sock.settimeout(0.05 if self.toxics[name] else 10)
            sock.sendall(payload)
            answer = receive(sock, len(payload))
            assert self.toxics[name] or answer == payload

    @precondition(lambda self: self.enabled)
    @invariant()
    def as_the_model_says(self) -> None:
        found = self.client.get("/proxies").json()
        assert {name: proxy["enabled"] for name, proxy in found.items()} == self.enabled
        for name, proxy in found.items():
            shown = {toxic["name"]: toxic["attributes"] for toxic in proxy["toxics"]}
            assert shown == self.toxics[name]

    def connected(self, name: str) -> socket.socket:
        listen = self.client.get(f"/proxies/{name}").json()["listen"]
        return connect(int(listen.rpartition(":")[2]))


def test_any_sequence_leaves_what_the_model_says(server: Server, echo: Echo) -> None:
    Model.server, Model.echo = server, echo
    run_state_machine_as_test(
        Model, settings=settings(max_examples=15, stateful_step_count=25, deadline=None)
    )


def test_what_comes_and_goes_leaves_no_memory_behind(echo: Echo) -> None:
    server = start()
    process = psutil.Process(server.process.pid)

    def round_of_everything() -> None:
        server.client.put("/leases/me", json={"expires_in": 60_000})
        port = server.create("e", echo.address)
        server.toxic("e", "latency", latency=1, lease="me")
        with connect(port) as sock:
            sock.sendall(b"x" * 10_000)
            assert receive(sock, 10_000) == b"x" * 10_000
        server.client.get("/metrics")
        server.client.delete("/leases/me")
        server.client.delete("/proxies/e")

    for _ in range(50):
        round_of_everything()
    before = process.memory_info().rss
    for _ in range(150):
        round_of_everything()
    assert process.memory_info().rss - before < 10 * MIB
    assert process.num_fds() < 40
    assert server.stop() == 0
