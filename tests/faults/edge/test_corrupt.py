"""Corrupt: bytes arrive changed."""

from __future__ import annotations

import pytest

from codeblue.faults import Ground, make

from ...proxy.conftest import connect, receive
from ..conftest import EDGE, Edge


@pytest.mark.parametrize("way", ["there", "back"])
def test_some_bytes_are_others_and_none_is_missing(edge: Edge, ground: Ground, way: str) -> None:
    fault = make("corrupt", EDGE, rate=100_000, way=way)
    fault.inject(ground, trace := fault.prepare(ground))
    with connect(edge.port) as sock:
        sock.sendall(bytes(5000))
        answer = receive(sock, 5000)
    assert len(answer) == 5000
    assert 0 < sum(map(bool, answer)) < 1500
    fault.heal(ground, trace)
    assert edge.works()
