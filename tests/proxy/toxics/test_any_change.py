"""Any bytes in any chunks, while any toxics come, change and go at any time."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.proxy.toxics import STAGES

from .virtual import Line, Pair, virtual_time

HARMLESS = [
    "latency",
    "bandwidth",
    "shared_bandwidth",
    "slicer",
    "noop",
    "slow_close",
    "loss",
    "slow_body",
]
STREAM = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + random.Random(1).randbytes(100_000)
"""What is sent: every piece of it tells where it belongs."""

NUMBERS = st.lists(st.sampled_from([-1, 0, 1, 2, 7, 50, 100, 300]), min_size=3, max_size=3)
SIZES = st.sampled_from([1, 2, 3, 10, 100, 1000, 3000])
INT64 = st.lists(st.integers(min_value=-(2**63), max_value=2**63 - 1), min_size=3, max_size=3)

SET = st.tuples(st.just("set"), st.sampled_from(HARMLESS), NUMBERS)
SEND = st.tuples(st.just("send"), SIZES)
WAIT = st.tuples(st.just("wait"), st.sampled_from([0.0, 1e-4, 1e-3, 1e-2, 0.1, 1.0]))
SHARE = st.tuples(st.just("share"), st.sampled_from(HARMLESS), st.sampled_from([0.0, 0.5, 1.0]))
REMOVE = st.tuples(st.just("remove"), st.sampled_from(HARMLESS))


def values_of(kind: str, numbers: list[int]) -> dict[str, int]:
    """Attribute values; microseconds are stretched, so that they do not pass unseen."""
    units = STAGES[kind].units.items()
    scaled = {"us": 1000}
    return {
        name: number * scaled.get(unit, 1)
        for (name, unit), number in zip(units, numbers, strict=False)
    }


class Sender:
    """A client that sends the stream, piece by piece."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.sent = 0

    def send(self, size: int) -> None:
        self.pair.ask(STREAM[self.sent : self.sent + size])
        self.sent += size


def set_toxic(line: Line, kind: str, numbers: list[int]) -> None:
    toxic = line.proxy.find(f"{kind}_upstream")
    if toxic is None:
        line.add(kind, "upstream", 1.0, **values_of(kind, numbers))
    else:
        line.change(toxic, **values_of(kind, numbers))


def set_share(line: Line, kind: str, toxicity: float) -> None:
    if toxic := line.proxy.find(f"{kind}_upstream"):
        toxic.toxicity = toxicity
        line.change(toxic)


@pytest.mark.slow
@settings(max_examples=400)
@given(
    st.lists(SET, min_size=1, max_size=4),
    st.lists(st.one_of(SEND, SEND, SET, SHARE, WAIT, REMOVE), min_size=3, max_size=25),
    st.booleans(),
)
def test_nothing_is_lost_doubled_or_reordered(
    first: list[tuple[Any, ...]], steps: list[tuple[Any, ...]], end: bool
) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        sender = Sender(line.connect())
        server = sender.pair.server
        for what, *given in (*first, *steps):
            match what:
                case "send":
                    sender.send(*given)
                case "wait":
                    clock.advance(*given)
                case "set":
                    set_toxic(line, *given)
                case "share":
                    set_share(line, *given)
                case "remove":
                    line.remove(*filter(None, [line.proxy.find(f"{given[0]}_upstream")]))
            assert STREAM[: sender.sent].startswith(server.received)
        if end:
            sender.pair.hang_up()
        line.remove(*line.proxy.toxics)
        assert server.received == STREAM[: sender.sent]
        assert server.eof is end
        assert not sender.pair.client.paused or end


@given(st.lists(SIZES, min_size=1, max_size=8), st.lists(SET, min_size=1, max_size=5))
def test_what_waits_arrives_without_any_help(
    sizes: list[int], toxics: list[tuple[Any, ...]]
) -> None:
    """Nobody removes the toxics: their own timers bring every byte and the end."""
    with virtual_time() as clock:
        line = Line(clock)
        sender = Sender(line.connect())
        for _, kind, numbers in toxics:
            stalls = "bandwidth" in kind and numbers[0] < 1
            set_toxic(line, kind, [1, 1, 1] if stalls else numbers)
        for size in sizes:
            sender.send(size)
        sender.pair.hang_up()
        clock.rest()
        assert sender.pair.server.received == STREAM[: sender.sent]
        assert sender.pair.server.eof


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(STAGES)), st.sampled_from(["upstream", "downstream"]), INT64
        ),
        max_size=4,
    ),
    st.lists(st.binary(min_size=1, max_size=400), max_size=5),
)
def test_no_value_and_no_bytes_do_harm(
    toxics: list[tuple[str, str, list[int]]], chunks: list[bytes]
) -> None:
    """No exception, no endless loop, and a connection that is opened afterwards works."""
    with virtual_time() as clock:
        line = Line(clock)
        pair = line.connect()
        for kind, stream, numbers in toxics:
            if line.proxy.find(f"{kind}_{stream}") is None:
                line.add(kind, stream, 1.0, **dict(zip(STAGES[kind].units, numbers, strict=False)))
        late = line.connect()
        for chunk in chunks:
            for each in (pair, late):
                each.ask(chunk)
                each.answer(chunk)
        clock.advance(5.0)
        for toxic in line.proxy.toxics:
            line.change(toxic, **dict.fromkeys(toxic.attributes, 1))
        clock.advance(0.0)
        line.remove(*line.proxy.toxics)
        after = line.connect()
        after.ask(b"question")
        after.answer(b"answer")
        assert (after.server.received, after.client.received) == (b"question", b"answer")
