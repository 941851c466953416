"""Refuse: connection refused."""

from __future__ import annotations

import pytest

from codeblue.faults import Ground, Refuse

from ...proxy.conftest import connect
from ..conftest import EDGE, Edge


def test_connections_are_refused_until_it_is_healed(edge: Edge, ground: Ground) -> None:
    fault = Refuse(EDGE)
    trace = fault.prepare(ground)
    fault.inject(ground, trace)
    with pytest.raises(ConnectionRefusedError):
        connect(edge.port)
    assert not fault.healed(ground, trace)
    fault.heal(ground, trace)
    assert fault.healed(ground, trace)
    assert edge.works()


def test_a_share_of_the_connections_is_reset_and_the_others_work(
    edge: Edge, ground: Ground
) -> None:
    fault = Refuse(EDGE, percent=50)
    fault.inject(ground, trace := fault.prepare(ground))
    worked = sum(edge.works() for _ in range(40))
    assert 5 < worked < 35
    assert not fault.healed(ground, trace)
    fault.heal(ground, trace)
    assert fault.healed(ground, trace)
    assert all(edge.works() for _ in range(20))
