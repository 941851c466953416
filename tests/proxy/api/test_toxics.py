"""Toxics through the API: ranges when they are asked for, updates all or nothing, `--strict`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from codeblue.proxy.api.toxics import TOXIPROXY_TYPES
from codeblue.proxy.toxics import STAGES

from ..conftest import Echo, Server, connect, receive, start

OURS = sorted(set(STAGES) - TOXIPROXY_TYPES)


@pytest.fixture(scope="module")
def strict() -> Iterator[Server]:
    server = start("--strict")
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def edge(server: Server, strict: Server, echo: Echo) -> Iterator[None]:
    for each in (server, strict):
        each.create("e", echo.address)
    yield
    strict.client.delete("/proxies/e")


WRONG: list[dict[str, Any]] = [
    {"type": "latency", "attributes": {"latency": -1}},
    {"type": "latency", "attributes": {"jitter": 2**63 - 1}},
    {"type": "bandwidth", "attributes": {"rate": -1}},
    {"type": "slicer", "attributes": {"average_size": 0}},
    {"type": "slicer", "attributes": {"average_size": 5, "size_variation": 6}},
    {"type": "timeout", "attributes": {"timeout": -1}},
    {"type": "noop", "toxicity": 1.1},
    {"type": "noop", "toxicity": -0.1},
    {"type": "latency", "attributes": {"latncy": 5}},
]


@pytest.mark.parametrize("toxic", WRONG, ids=str)
def test_what_makes_no_sense_is_refused_only_when_asked(
    server: Server, toxic: dict[str, Any]
) -> None:
    reply = server.client.post("/proxies/e/toxics?strict=1", json=toxic)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(f"toxic {toxic['type']}_downstream: ")
    assert server.client.get("/proxies/e/toxics").json() == []
    for query in ("", "?strict=0", "?strict="):
        assert server.client.post(f"/proxies/e/toxics{query}", json=toxic).status_code == 200
        server.client.delete(f"/proxies/e/toxics/{toxic['type']}_downstream")


def test_an_unknown_attribute_is_answered_with_the_one_that_was_meant(server: Server) -> None:
    toxic = {"type": "latency", "attributes": {"latncy": 5}}
    error = server.client.post("/proxies/e/toxics?strict=1", json=toxic).json()["error"]
    assert error.endswith('latncy: no such attribute. Did you mean "latency"?')


@pytest.mark.parametrize(
    "change",
    [
        {"attributes": {"latency": "x", "jitter": 99}},
        {"attributes": {"latency": 99, "jitter": 1.5}},
        {"attributes": {"latency": 99}, "toxicity": "x"},
    ],
    ids=str,
)
def test_an_update_that_is_refused_changes_nothing(server: Server, change: dict[str, Any]) -> None:
    name = server.toxic("e", "latency", latency=7, jitter=5)
    before = server.client.get(f"/proxies/e/toxics/{name}").json()
    assert server.client.patch(f"/proxies/e/toxics/{name}", json=change).status_code == 400
    assert server.client.get(f"/proxies/e/toxics/{name}").json() == before


def test_an_update_out_of_range_changes_nothing_when_ranges_count(server: Server) -> None:
    name = server.toxic("e", "latency", latency=7)
    path = f"/proxies/e/toxics/{name}"
    change = {"attributes": {"latency": -7}, "toxicity": 0.5}
    assert server.client.patch(f"{path}?strict=1", json=change).status_code == 400
    assert server.client.get(path).json()["attributes"]["latency"] == 7
    assert server.client.patch(path, json=change).status_code == 200
    assert server.client.get(path).json()["attributes"]["latency"] == -7


def test_an_update_reaches_open_connections(server: Server, echo: Echo) -> None:
    port = server.create("f", echo.address)
    name = server.toxic("f", "latency", latency=60_000)
    with connect(port) as sock:
        server.client.patch(f"/proxies/f/toxics/{name}", json={"attributes": {"latency": 0}})
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"


class TestStrict:
    @pytest.mark.parametrize("kind", OURS)
    def test_a_toxic_of_ours_is_refused_as_a_real_one_would(
        self, strict: Server, server: Server, kind: str
    ) -> None:
        reply = strict.client.post("/proxies/e/toxics", json={"type": kind})
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid toxic type")
        assert server.client.post("/proxies/e/toxics", json={"type": kind}).status_code == 200

    @pytest.mark.parametrize(
        "path",
        [
            "/metrics",
            "/openapi.json",
            "/leases",
            "/leases/me",
            "/proxies/e/counters",
            "/proxies/e/decisions",
        ],
    )
    def test_a_route_of_ours_is_not_there(self, strict: Server, server: Server, path: str) -> None:
        assert strict.client.get(path).status_code == 404
        assert server.client.get(path).status_code in (200, 405)

    def test_queries_and_leases_are_ignored(self, strict: Server) -> None:
        toxic = {"type": "latency", "attributes": {"latency": -1, "lease": "nobody"}}
        assert strict.client.post("/proxies/e/toxics?strict=1", json=toxic).status_code == 200

    def test_what_was_right_in_a_refused_update_is_kept(self, strict: Server) -> None:
        name = strict.toxic("e", "latency", latency=7, jitter=5)
        change = {"attributes": {"latency": "x", "jitter": 99}}
        assert strict.client.patch(f"/proxies/e/toxics/{name}", json=change).status_code == 400
        kept = strict.client.get(f"/proxies/e/toxics/{name}").json()["attributes"]
        assert kept == {"latency": 7, "jitter": 99}


def test_http_status_works_on_requests_only(server: Server) -> None:
    toxic = {"type": "http_status", "attributes": {"status": 503}}
    reply = server.client.post("/proxies/e/toxics", json=toxic)
    assert (reply.status_code, reply.json()["stream"]) == (200, "upstream")
    reply = server.client.post("/proxies/e/toxics", json=toxic | {"stream": "downstream"})
    assert reply.status_code == 400
    assert "http_status works on upstream only" in reply.json()["error"]
