"""A proxy whose connections share it: decisions, faults in a toxic, what it may hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import ClassVar

import pytest

from codeblue.proxy.connection import HELD_LIMIT, Connection
from codeblue.proxy.descriptors import Descriptors
from codeblue.proxy.link import PENDING_LIMIT
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.toxic import Toxic
from codeblue.proxy.toxics import STAGES, Stage
from codeblue.proxy.toxics.stage import Wire
from codeblue.proxy.turns import Turns

from .conftest import Echo, Server, connect, receive, silent


class Failing(Stage):
    """A toxic with a mistake in it: it fails on every connection but the second."""

    kind: ClassVar[str] = "failing"
    seen: ClassVar[int] = 0

    def __init__(self, values: Mapping[str, int], wire: Wire, random: Random) -> None:
        super().__init__(values, wire, random)
        if values:
            raise ZeroDivisionError

    def removed(self) -> None:
        Failing.seen += 1
        if Failing.seen != 2:
            raise ZeroDivisionError


def in_process(echo: Echo, scenario: Callable[[Proxy], Awaitable[None]]) -> None:
    async def run() -> None:
        descriptors = Descriptors()
        proxy = Proxy("e", "127.0.0.1:0", echo.address, 0, descriptors, Turns())
        await proxy.start()
        try:
            async with asyncio.timeout(10):
                await scenario(proxy)
                proxy.stop()
                await asyncio.sleep(0.1)
                assert descriptors.taken == 0
        finally:
            proxy.stop()

    asyncio.run(run())


async def client(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = proxy.listen.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"x")
    assert await reader.readexactly(1) == b"x"
    return reader, writer


def noop(name: str, toxicity: float = 1.0) -> Toxic:
    return Toxic(name, STAGES["noop"], "downstream", toxicity, {})


def test_a_toxic_that_fails_on_one_connection_is_gone_from_the_others(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(proxy: Proxy) -> None:
        clients = [await client(proxy) for _ in range(3)]
        toxic = Toxic("f", Failing, "downstream", 1.0, {})
        proxy.add(toxic)
        proxy.remove(toxic)
        assert proxy.toxics == []
        ends = [reader.at_eof() for reader, _ in clients]
        while ends.count(True) < 2:
            await asyncio.sleep(0.01)
            ends = [reader.at_eof() for reader, _ in clients]
        (reader, writer) = clients[ends.index(False)]
        writer.write(b"y")
        assert await reader.readexactly(1) == b"y"

    in_process(echo, scenario)
    assert caplog.text.count("is dropped") == 2


def test_a_toxic_that_cannot_begin_drops_the_client_and_nobody_else(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(proxy: Proxy) -> None:
        toxic = Toxic("f", Failing, "downstream", 1.0, {"wrong": 1})
        proxy.toxics.append(toxic)
        host, _, port = proxy.listen.rpartition(":")
        reader, _writer = await asyncio.open_connection(host, int(port))
        assert await reader.read() == b""
        proxy.remove(toxic)
        _alive = await client(proxy)
        assert len(proxy.connections) == 1

    in_process(echo, scenario)
    assert caplog.text.count("is dropped") == 1


def test_each_draw_is_noted_once(echo: Echo) -> None:
    async def scenario(proxy: Proxy) -> None:
        proxy.add(noop("half", 0.5))
        clients = [await client(proxy) for _ in range(20)]
        proxy.add(noop("all"))
        proxy.change(proxy.toxics[0])
        kept = [(decision.connection, decision.toxic) for decision in proxy.decisions]
        assert sorted(kept) == sorted((n, t) for n in range(1, 21) for t in ("half", "all"))
        bites = [decision.bites for decision in proxy.decisions if decision.toxic == "half"]
        assert 0 < sum(bites) < len(clients)

    in_process(echo, scenario)


def test_a_new_toxicity_is_noted_where_it_decides_otherwise(echo: Echo) -> None:
    async def scenario(proxy: Proxy) -> None:
        toxic = noop("t", 0.0)
        proxy.add(toxic)
        _alive = await client(proxy)
        for toxicity in (0.0, 1.0, 1.0, 0.999999, 0.0):
            toxic.toxicity = toxicity
            proxy.change(toxic)
        assert [decision.bites for decision in proxy.decisions] == [False, True, False]

    in_process(echo, scenario)


def test_many_connections_share_what_may_be_held(echo: Echo) -> None:
    async def scenario(proxy: Proxy) -> None:
        _alive = await client(proxy)
        (connection,) = proxy.connections
        assert connection.room() == HELD_LIMIT
        proxy.connections |= {Connection(proxy, number) for number in range(2, 65)}
        assert connection.room() == HELD_LIMIT // 64
        proxy.connections |= {Connection(proxy, number) for number in range(65, 10_000)}
        assert connection.room() == PENDING_LIMIT
        proxy.connections &= {connection}

    in_process(echo, scenario)


def test_a_dead_reader_behind_a_latency_holds_only_its_share(server: Server, echo: Echo) -> None:
    """32 MiB may wait for a toxic on each connection, but not on every one of many."""
    port = server.create("e", echo.address)
    server.toxic("e", "latency", latency=60_000)
    socks = [connect(port) for _ in range(64)]
    busy = socks[0]
    busy.settimeout(0.5)
    with pytest.raises(TimeoutError):
        busy.sendall(bytes(64 << 20))
    counted = server.counters("e")
    share = HELD_LIMIT // 64
    # a small chunk counts like a large one, so it may be less than its share
    assert share // 8 <= counted["received_down"] <= share + (1 << 20)
    assert counted["bytes_down"] == 0
    for sock in socks:
        sock.close()


def test_what_a_toxic_swallows_counts_as_received_only(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "timeout", "downstream", timeout=0)
    with connect(port) as sock:
        sock.sendall(b"12345")
        while server.counters("e")["received_down"] < 5:
            pass
        counted = server.counters("e")
    assert [counted[name] for name in ("received_up", "bytes_up", "bytes_down")] == [5, 5, 0]


def test_a_proxy_out_of_descriptors_keeps_its_api_and_recovers(server: Server, echo: Echo) -> None:
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("this system cannot lower the limit of another process")
    port = server.create("e", echo.address)
    pid, number = server.process.pid, resource.RLIMIT_NOFILE
    before = resource.prlimit(pid, number)
    resource.prlimit(pid, number, (160, before[1]))
    try:
        socks = [connect(port) for _ in range(150)]
        for sock in socks:
            sock.sendall(b"x")
        assert not silent(socks[0])
        assert 10 < server.counters("e")["active"] < 75
        assert server.client.post("/reset").status_code == 204
        for sock in socks:  # each one that leaves makes room for one that waits
            assert receive(sock, 1) == b"x"
            sock.close()
        with connect(port) as sock:
            sock.sendall(b"y")
            assert receive(sock, 1) == b"y"
    finally:
        resource.prlimit(pid, number, before)
