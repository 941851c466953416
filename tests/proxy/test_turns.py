"""Turns at the event loop: bulk data waits, in order, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine
from functools import partial
from typing import Any

from codeblue.proxy.descriptors import Descriptors
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.toxic import Toxic
from codeblue.proxy.toxics import STAGES
from codeblue.proxy.turns import RESUMED, ROUND_SECONDS, Turns

from .conftest import Echo


class Crowded(Turns):
    """Every round of the loop is over already."""

    asked = 0

    def over(self) -> bool:
        self.asked += 1
        super().over()
        return True


class Noted:
    """Writes down when it resumes."""

    def __init__(self, notes: list[int], number: int, seconds: float = 0.0) -> None:
        self.resume = partial(self._resume, notes, number, seconds)

    def _resume(self, notes: list[int], number: int, seconds: float) -> None:
        time.sleep(seconds)
        notes.append(number)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scenario

    asyncio.run(bounded())


def test_a_round_is_over_when_it_took_long_and_not_before() -> None:
    async def scenario() -> None:
        turns = Turns()
        assert not turns.over()
        time.sleep(ROUND_SECONDS)  # noqa: ASYNC251 - what takes long is meant
        assert turns.over()
        await asyncio.sleep(0.01)
        assert not turns.over()

    run(scenario())


def test_those_who_wait_resume_in_order_and_a_few_in_each_round() -> None:
    async def scenario() -> None:
        turns, notes = Turns(), list[int]()
        turns.over()
        for number in range(RESUMED + 5):
            turns.wait(Noted(notes, number))
        await asyncio.sleep(0)
        assert notes == list(range(RESUMED))
        await asyncio.sleep(0)
        assert notes == list(range(RESUMED + 5))

    run(scenario())


def test_one_who_takes_long_ends_the_round() -> None:
    async def scenario() -> None:
        turns, notes = Turns(), list[int]()
        turns.over()
        for number in range(3):
            turns.wait(Noted(notes, number, ROUND_SECONDS))
        for done in range(1, 4):
            await asyncio.sleep(0)
            assert notes == list(range(done))

    run(scenario())


def test_bytes_that_wait_arrive_whole_and_before_the_end(echo: Echo) -> None:
    async def scenario() -> None:
        turns = Crowded()
        proxy = Proxy("e", "127.0.0.1:0", echo.address, 0, Descriptors(), turns)
        await proxy.start()
        host, _, port = proxy.listen.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        payload = random.Random(1).randbytes(20_000_000)
        writer.write(payload)
        writer.write_eof()
        proxy.add(Toxic("n", STAGES["noop"], "upstream", 1.0, {}))
        received = await reader.read()
        assert received == payload + b"bye 20000000"
        assert turns.asked > 10
        proxy.stop()

    run(scenario())


def test_a_proxy_that_stops_while_bytes_wait_forgets_them(echo: Echo) -> None:
    async def scenario() -> None:
        descriptors, turns = Descriptors(), Crowded()
        proxy = Proxy("e", "127.0.0.1:0", echo.address, 0, descriptors, turns)
        await proxy.start()
        host, _, port = proxy.listen.rpartition(":")
        _reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(bytes(5_000_000))
        while not turns.asked:  # noqa: ASYNC110 - the proxy runs in this loop
            await asyncio.sleep(0)
        proxy.stop()
        await asyncio.sleep(0.1)
        assert descriptors.taken == 0
        assert proxy.connections == set()

    run(scenario())
