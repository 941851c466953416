"""Blackhole: a one-way partition."""

from __future__ import annotations

import pytest

from codeblue.faults import Ground, make

from ...proxy.conftest import connect, receive, silent
from ..conftest import EDGE, Edge


@pytest.mark.parametrize(("way", "arrived"), [("there", 0), ("back", 5)])
def test_one_way_is_dead_and_open_connections_work_again_once_it_is_healed(
    edge: Edge, ground: Ground, way: str, arrived: int
) -> None:
    fault = make("blackhole", EDGE, way=way)
    with connect(edge.port) as sock:
        fault.inject(ground, trace := fault.prepare(ground))
        sock.sendall(b"order")
        assert silent(sock)
        assert edge.server.counters(EDGE)["bytes_up"] == arrived
        fault.heal(ground, trace)
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"
