"""HTTP status: errors that the dependency never gave."""

from __future__ import annotations

from codeblue.faults import Ground, make

from ..conftest import EDGE, Edge
from ..web import web_behind


def test_the_edge_answers_and_the_same_connection_works_once_it_is_healed(
    edge: Edge, ground: Ground
) -> None:
    fault = make("http-status", EDGE, status=502)
    with web_behind(edge) as (web, client):
        assert client.get("/").status_code == 200
        fault.inject(ground, trace := fault.prepare(ground))
        assert [client.get("/").status_code for _ in range(3)] == [502] * 3
        assert web.requests == 1
        fault.heal(ground, trace)
        assert client.get("/").status_code == 200
        assert web.requests == 2
