"""Reset: connections break when they are used."""

from __future__ import annotations

import pytest

from codeblue.faults import Lease, ProxyApi, Reset

from ..proxy.conftest import connect
from .conftest import EDGE, Edge


def test_a_request_resets_its_connection_and_does_not_arrive(edge: Edge) -> None:
    fault, proxy = Reset(EDGE), ProxyApi(edge.url)
    with Lease(edge.url) as lease:
        fault.inject(proxy, lease)
        with connect(edge.port) as sock:
            sock.sendall(b"x")
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        assert edge.server.counters(EDGE)["bytes_up"] == 0
        fault.heal(proxy, lease)
        assert fault.healed(proxy, lease)
        assert edge.works()
