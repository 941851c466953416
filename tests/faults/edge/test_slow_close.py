"""Slow close: the dependency is done and does not hang up."""

from __future__ import annotations

import socket
import time

from codeblue.faults import Ground, make

from ...proxy.conftest import connect, receive
from ..conftest import EDGE, Edge


def test_the_answer_is_there_and_its_end_comes_late(edge: Edge, ground: Ground) -> None:
    fault = make("slow-close", EDGE, ms=200)
    fault.inject(ground, trace := fault.prepare(ground))
    with connect(edge.port) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert receive(sock, 5) == b"bye 0"
        began = time.monotonic()
        assert sock.recv(1) == b""
        assert time.monotonic() - began >= 0.15
    fault.heal(ground, trace)
    assert edge.works()
