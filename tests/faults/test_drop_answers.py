"""Drop answers: the request arrives, the answer is lost."""

from __future__ import annotations

from codeblue.faults import DropAnswers, Lease, ProxyApi

from ..proxy.conftest import connect
from .conftest import EDGE, Edge


def test_the_request_arrives_and_the_answer_is_lost(edge: Edge) -> None:
    fault, proxy = DropAnswers(EDGE), ProxyApi(edge.url)
    with Lease(edge.url) as lease:
        fault.inject(proxy, lease)
        with connect(edge.port) as sock:
            sock.sendall(b"order")
            assert sock.recv(1) == b""
        counters = edge.server.counters(EDGE)
        assert (counters["bytes_up"], counters["bytes_down"]) == (5, 0)
        fault.heal(proxy, lease)
        assert fault.healed(proxy, lease)
        assert edge.works()
