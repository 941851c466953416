"""The shared_bandwidth toxic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .virtual import Line, virtual_time


@given(
    st.lists(st.integers(1, 20_000), min_size=1, max_size=8), st.integers(1, 100), st.integers(1, 5)
)
def test_all_connections_together_get_the_rate(sizes: list[int], rate: int, share: int) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("shared_bandwidth", rate=rate)
        pairs = [line.connect() for _ in range(share)]
        began = clock.now
        for number, size in enumerate(sizes):
            pairs[number % share].ask(bytes(size))
        clock.rest()
        assert sum(len(pair.server.received) for pair in pairs) == sum(sizes)
        ended = max(at for pair in pairs for at, _ in pair.server.written)
        assert ended - began == pytest.approx(sum(sizes) / (rate * 1000), abs=0.0011)


def test_connections_take_turns() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("shared_bandwidth", rate=100)
        many, few = line.connect(), line.connect()
        many.ask(bytes(1_000_000))
        few.ask(bytes(20_000))
        clock.advance(0.5)
        assert len(few.server.received) == pytest.approx(20_000, abs=2_000)
        assert len(many.server.received) == pytest.approx(30_000, abs=4_000)


def test_no_rate_stalls_and_a_change_lets_what_waits_go() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("shared_bandwidth", rate=0)
        pair = line.connect()
        pair.ask(b"kept")
        clock.advance(3600)
        assert pair.server.received == b""
        line.change(toxic, rate=1)
        assert pair.server.received == b"kept"
