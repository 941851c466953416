"""Hang: accepts, never answers."""

from __future__ import annotations

from codeblue.faults import Hang, Lease, ProxyApi

from ..proxy.conftest import connect, receive, silent
from .conftest import EDGE, Edge


def test_open_and_new_connections_fall_silent_until_it_is_healed(edge: Edge) -> None:
    fault, proxy = Hang(EDGE), ProxyApi(edge.url)
    with Lease(edge.url) as lease, connect(edge.port) as old:
        old.sendall(b"x")
        assert receive(old, 1) == b"x"
        assert fault.healed(proxy, lease)
        fault.inject(proxy, lease)
        assert not fault.healed(proxy, lease)
        with connect(edge.port) as new:
            for sock in (old, new):
                sock.sendall(b"x")
                assert silent(sock)
        fault.heal(proxy, lease)
        assert fault.healed(proxy, lease)
        assert edge.works()
