"""Drip: answers arrive a few bytes at a time."""

from __future__ import annotations

import time

from codeblue.faults import Ground, make

from ...proxy.conftest import connect, receive
from ..conftest import EDGE, Edge


def test_an_answer_takes_as_long_as_its_pieces(edge: Edge, ground: Ground) -> None:
    fault = make("drip", EDGE, size=2, ms=50)
    fault.inject(ground, trace := fault.prepare(ground))
    with connect(edge.port) as sock:
        began = time.monotonic()
        sock.sendall(b"abcdefgh")
        assert sock.recv(100) == b"ab"
        assert receive(sock, 6) == b"cdefgh"
        assert time.monotonic() - began >= 0.14
    fault.heal(ground, trace)
    assert edge.works()
