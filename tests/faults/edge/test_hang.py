"""Hang: accepts, never answers."""

from __future__ import annotations

import time

from codeblue.faults import Ground, Hang

from ...proxy.conftest import connect, receive, silent
from ..conftest import EDGE, Edge


def test_open_and_new_connections_fall_silent_until_it_is_healed(
    edge: Edge, ground: Ground
) -> None:
    fault = Hang(EDGE)
    trace = fault.prepare(ground)
    with connect(edge.port) as old:
        old.sendall(b"x")
        assert receive(old, 1) == b"x"
        assert fault.healed(ground, trace)
        fault.inject(ground, trace)
        assert not fault.healed(ground, trace)
        with connect(edge.port) as new:
            for sock in (old, new):
                sock.sendall(b"x")
                assert silent(sock)
        fault.heal(ground, trace)
        assert fault.healed(ground, trace)
        assert edge.works()


def test_a_share_of_the_connections_hangs_both_ways_and_the_others_work(
    edge: Edge, ground: Ground
) -> None:
    fault = Hang(EDGE, percent=50)
    fault.inject(ground, fault.prepare(ground))
    socks = [connect(edge.port) for _ in range(20)]
    for sock in socks:
        sock.sendall(b"x")
    time.sleep(0.3)
    hung = sum(silent(sock, 0.0) for sock in socks)
    assert 2 < hung < 18
    drawn = edge.server.client.get(f"/proxies/{EDGE}/decisions").json()
    assert len(drawn) == 40
    assert sum(decision["bites"] for decision in drawn) == 2 * hung
    for sock in socks:
        sock.close()
