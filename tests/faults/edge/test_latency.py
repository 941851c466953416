"""Latency: answers late."""

from __future__ import annotations

import time

from codeblue.faults import Ground, Latency

from ..conftest import EDGE, Edge


def test_answers_come_late_until_it_is_healed(edge: Edge, ground: Ground) -> None:
    fault = Latency(EDGE, ms=200, jitter=10)
    trace = fault.prepare(ground)
    assert fault.attributes == {"ms": 200, "jitter": 10}
    fault.inject(ground, trace)
    began = time.monotonic()
    assert edge.works()
    assert time.monotonic() - began >= 0.185
    fault.heal(ground, trace)
    assert fault.healed(ground, trace)
