"""Drop answers: the request arrives, the answer is lost."""

from __future__ import annotations

from codeblue.faults import DropAnswers, Ground

from ...proxy.conftest import connect
from ..conftest import EDGE, Edge


def test_the_request_arrives_and_the_answer_is_lost(edge: Edge, ground: Ground) -> None:
    fault = DropAnswers(EDGE)
    trace = fault.prepare(ground)
    fault.inject(ground, trace)
    with connect(edge.port) as sock:
        sock.sendall(b"order")
        assert sock.recv(1) == b""
    counters = edge.server.counters(EDGE)
    assert (counters["bytes_up"], counters["bytes_down"]) == (5, 0)
    fault.heal(ground, trace)
    assert fault.healed(ground, trace)
    assert edge.works()
