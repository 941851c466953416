"""The corrupt toxic."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.proxy.toxics import STAGES

from ..conftest import Echo, Server, connect, receive
from .virtual import Line, virtual_time

MILLION = 1_000_000


def through(data: bytes, cuts: list[int], rate: int, seed: int = 0) -> bytes:
    """What arrives of `data` when it is sent in pieces that end at `cuts`."""
    with virtual_time() as clock:
        line = Line(clock, seed)
        line.add("corrupt", rate=rate)
        pair = line.connect()
        bounds = [0, *sorted(cuts), len(data)]
        for start, end in pairwise(bounds):
            pair.ask(data[start:end])
        return pair.server.received


def changed(before: bytes, after: bytes) -> int:
    assert len(before) == len(after)
    return sum(a != b for a, b in zip(before, after, strict=True))


@given(
    st.binary(min_size=1, max_size=2000),
    st.lists(st.integers(0, 2000), max_size=10),
    st.integers(0, MILLION),
    st.integers(0),
)
def test_the_same_seed_changes_the_same_bytes_however_they_are_cut(
    data: bytes, cuts: list[int], rate: int, seed: int
) -> None:
    whole = through(data, [], rate, seed)
    assert through(data, [min(cut, len(data)) for cut in cuts], rate, seed) == whole
    assert len(whole) == len(data)


@pytest.mark.parametrize("rate", [1_000, 50_000, 900_000])
def test_the_rate_is_the_share_of_changed_bytes(rate: int) -> None:
    data = random.Random(1).randbytes(200_000)
    share = rate / MILLION
    spread = math.sqrt(len(data) * share * (1 - share))
    assert abs(changed(data, through(data, [], rate)) - len(data) * share) < 4 * spread


@pytest.mark.parametrize(("rate", "count"), [(0, 0), (-5, 0), (MILLION, 500), (2**63 - 1, 500)])
def test_none_and_all(rate: int, count: int) -> None:
    data = bytes(500)
    assert changed(data, through(data, [100, 200], rate)) == count


def test_a_change_and_a_removal_count_from_the_next_byte() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("corrupt", rate=0)
        pair = line.connect()
        pair.ask(b"aaaa")
        line.change(toxic, rate=MILLION)
        pair.ask(b"aaaa")
        line.remove(toxic)
        pair.ask(b"aaaa")
        assert [byte == ord("a") for byte in pair.server.received] == [True] * 4 + [False] * 4 + [
            True
        ] * 4


def test_it_works_on_the_wire(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "corrupt", rate=100_000)
    with connect(port) as sock:
        sock.sendall(b"a" * 10_000)
        assert 500 < changed(b"a" * 10_000, receive(sock, 10_000)) < 1500


def test_more_than_everything_is_named() -> None:
    assert "Give 0 to 1000000." in str(STAGES["corrupt"].check({"rate": MILLION + 1}))
