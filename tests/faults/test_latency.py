"""Latency: answers late."""

from __future__ import annotations

import time

from codeblue.faults import Latency, Lease, ProxyApi

from .conftest import EDGE, Edge


def test_answers_come_late_until_it_is_healed(edge: Edge) -> None:
    fault, proxy = Latency(EDGE, ms=200, jitter=10), ProxyApi(edge.url)
    assert fault.attributes == {"ms": 200, "jitter": 10}
    with Lease(edge.url) as lease:
        fault.inject(proxy, lease)
        began = time.monotonic()
        assert edge.works()
        assert time.monotonic() - began >= 0.185
        fault.heal(proxy, lease)
        assert fault.healed(proxy, lease)
