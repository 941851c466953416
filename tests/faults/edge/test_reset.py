"""Reset: connections break when they are used."""

from __future__ import annotations

import pytest

from codeblue.faults import Ground, Reset

from ...proxy.conftest import connect
from ..conftest import EDGE, Edge


def test_a_request_resets_its_connection_and_does_not_arrive(edge: Edge, ground: Ground) -> None:
    fault = Reset(EDGE)
    trace = fault.prepare(ground)
    fault.inject(ground, trace)
    with connect(edge.port) as sock:
        sock.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert edge.server.counters(EDGE)["bytes_up"] == 0
    fault.heal(ground, trace)
    assert fault.healed(ground, trace)
    assert edge.works()
