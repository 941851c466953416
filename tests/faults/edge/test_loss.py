"""Loss: the stream stalls where something is lost."""

from __future__ import annotations

import time

from codeblue.faults import Ground, make

from ...proxy.conftest import connect, receive
from ..conftest import EDGE, Edge


def test_what_is_lost_comes_later_and_only_once(edge: Edge, ground: Ground) -> None:
    fault = make("loss", EDGE, percent=100, stall=100)
    fault.inject(ground, trace := fault.prepare(ground))
    with connect(edge.port) as sock:
        for _ in range(2):
            began = time.monotonic()
            sock.sendall(b"x")
            assert receive(sock, 1) == b"x"
            assert time.monotonic() - began >= 0.09
    fault.heal(ground, trace)
    assert edge.works()
