"""Bandwidth: the dependency is at the end of a slow line."""

from __future__ import annotations

import time

import pytest

from codeblue.faults import Ground, make

from ...proxy.conftest import connect, receive
from ..conftest import EDGE, Edge


def seconds_for(edge: Edge, connections: int, size: int) -> float:
    """How long all of them together wait for their answers."""
    began = time.monotonic()
    socks = [connect(edge.port) for _ in range(connections)]
    for sock in socks:
        sock.sendall(bytes(size))
    for sock in socks:
        assert receive(sock, size) == bytes(size)
        sock.close()
    return time.monotonic() - began


@pytest.mark.parametrize(("per", "least"), [("connection", 0.2), ("edge", 0.8)])
def test_the_rate_holds_for_each_connection_or_for_all_together(
    edge: Edge, ground: Ground, per: str, least: float
) -> None:
    fault = make("bandwidth", EDGE, kbps=800, per=per)  # 100 kB/s
    fault.inject(ground, trace := fault.prepare(ground))
    assert least <= seconds_for(edge, connections=4, size=20_500) < least + 2
    fault.heal(ground, trace)
    assert edge.works()
