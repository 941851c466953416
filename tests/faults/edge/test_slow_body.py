"""Slow body: the head of an answer at once, its body bit by bit."""

from __future__ import annotations

import time

from codeblue.faults import Ground, make

from ..conftest import EDGE, Edge
from ..web import BODY, web_behind


def test_the_head_is_there_long_before_the_body(edge: Edge, ground: Ground) -> None:
    fault = make("slow-body", EDGE, size=4, ms=100)
    fault.inject(ground, trace := fault.prepare(ground))
    with web_behind(edge) as (_, client):
        with client.stream("GET", "/") as answer:
            began = time.monotonic()
            assert answer.status_code == 200
            assert answer.read() == BODY
        assert time.monotonic() - began >= 0.25
        fault.heal(ground, trace)
        assert client.get("/").content == BODY
