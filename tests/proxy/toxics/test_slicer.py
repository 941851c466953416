"""The slicer toxic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.proxy.toxics import STAGES

from ..conftest import Echo, Server, connect, receive
from .virtual import Line, virtual_time


@pytest.mark.parametrize(
    ("average", "variation"), [(10, 5), (0, 0), (-5, 3), (4, 100), (2**63 - 1, 2**63 - 1)]
)
def test_every_size_leaves_the_bytes_as_they_were(
    server: Server, echo: Echo, average: int, variation: int
) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "slicer", average_size=average, size_variation=variation)
    payload = bytes(range(256)) * 40
    with connect(port) as sock:
        sock.sendall(payload)
        assert receive(sock, len(payload)) == payload


def test_pieces_come_one_by_one_and_removal_sends_the_rest(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "slicer", average_size=2, delay=60_000_000)
    with connect(port) as sock:
        sock.sendall(b"abcdef")
        assert sock.recv(100) == b"a"
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert receive(sock, 5) == b"bcdef"


@given(
    st.integers(min_value=1, max_value=5000),
    st.integers(min_value=1, max_value=300),
    st.integers(min_value=0, max_value=300),
)
def test_chunks_are_halved_until_the_pieces_are_small_enough(
    length: int, average: int, variation: int
) -> None:
    variation = min(variation, average)
    with virtual_time() as clock:
        line = Line(clock)
        line.add("slicer", average_size=average, size_variation=variation, delay=1000)
        pair = line.connect()
        pair.ask(bytes(length))
        began = clock.now
        clock.rest()
        sizes = [len(data) for _, data in pair.server.written]
        assert sum(sizes) == length
        assert all(0 < size <= average + variation for size in sizes)
        if variation == 0:  # exact halves never fall below half of what is too much
            assert length == sizes[0] or min(sizes) > average // 2
        times = [round((at - began) * 1000) for at, _ in pair.server.written]
        assert times == list(range(len(sizes)))


@pytest.mark.parametrize(("length", "pieces"), [(10, [10]), (11, [5, 6]), (40, [10] * 4)])
def test_without_variation_the_halves_are_exact(length: int, pieces: list[int]) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("slicer", average_size=10)
        pair = line.connect()
        pair.ask(bytes(length))
        clock.rest()
        assert [len(data) for _, data in pair.server.written] == pieces


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"average_size": 10, "size_variation": 5, "delay": 1}, None),
        ({"average_size": 0, "size_variation": 0, "delay": 0}, "average_size is 0"),
        ({"average_size": 4, "size_variation": 5, "delay": 0}, "Give 0 to 4, the average."),
        ({"average_size": 4, "size_variation": -1, "delay": 0}, "size_variation is -1"),
        ({"average_size": 4, "size_variation": 1, "delay": -1}, "delay is -1 us"),
    ],
)
def test_values_that_cannot_be_meant_are_named(
    values: dict[str, int], sentence: str | None
) -> None:
    wrong = STAGES["slicer"].check(values)
    assert (wrong is None) if sentence is None else (sentence in str(wrong))
