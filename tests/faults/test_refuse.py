"""Refuse: connection refused."""

from __future__ import annotations

import pytest

from codeblue.faults import Lease, ProxyApi, Refuse

from ..proxy.conftest import connect
from .conftest import EDGE, Edge


def test_connections_are_refused_until_it_is_healed(edge: Edge) -> None:
    fault, proxy = Refuse(EDGE), ProxyApi(edge.url)
    with Lease(edge.url) as lease:
        fault.inject(proxy, lease)
        with pytest.raises(ConnectionRefusedError):
            connect(edge.port)
        assert not fault.healed(proxy, lease)
        fault.heal(proxy, lease)
        assert fault.healed(proxy, lease)
        assert edge.works()
