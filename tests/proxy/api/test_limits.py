"""Clients that are slow, silent, greedy or many: each is bounded, and the others are served."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

import psutil
import pytest
import uvloop

from codeblue.proxy.api.call import Request
from codeblue.proxy.api.http import ApiProtocol, Limits
from codeblue.proxy.api.replies import Reply

from ..conftest import GUARD, Server, connect

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
MIB = 1 << 20
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def hello(_request: Request) -> Reply:
    return Reply(200, b"hello")


@asynccontextmanager
async def api(
    limits: Limits, answer: Callable[[Request], Awaitable[Reply]] = hello
) -> AsyncIterator[Callable[[], Awaitable[Streams]]]:
    clients: set[ApiProtocol] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ApiProtocol(answer, clients, limits), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield lambda: asyncio.open_connection("127.0.0.1", port)
    server.close()
    for client in list(clients):
        client.close()


def run(test: Coroutine[None, None, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(GUARD):
            await test

    uvloop.run(bounded())


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
)
def test_a_request_that_is_never_finished_ends_its_connection(sent: bytes) -> None:
    async def test() -> None:
        async with api(Limits(read=0.1)) as connected:
            reader, writer = await connected()
            writer.write(sent)
            assert await reader.read() == b""

    run(test())


def test_drops_of_bytes_do_not_make_a_request_s_time_longer() -> None:
    async def test() -> None:
        async with api(Limits(read=0.3)) as connected:
            reader, writer = await connected()

            async def drip() -> None:
                for byte in GET * 10:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.1)

            dripping = asyncio.create_task(drip())
            assert await reader.read() == b""
            dripping.cancel()

    run(test())


def test_a_connection_that_rests_is_closed_but_not_while_it_is_used() -> None:
    async def test() -> None:
        async with api(Limits(read=5, idle=0.3)) as connected:
            reader, writer = await connected()
            for _ in range(4):
                writer.write(GET)
                assert b"200 OK" in await reader.readuntil(b"hello")
                await asyncio.sleep(0.15)
            assert await reader.read() == b""

    run(test())


def test_a_handler_that_hangs_is_answered_for() -> None:
    async def hang(_request: Request) -> Reply:
        await asyncio.Event().wait()
        return Reply(200)

    async def test() -> None:
        async with api(Limits(handler=0.1), hang) as connected:
            reader, writer = await connected()
            writer.write(GET)
            head, _, body = (await reader.readuntil(b"</html>")).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert b"Content-Type: text/html; charset=utf-8" in head
            assert body.startswith(b"<html><head><title>Timeout</title>")

    run(test())


def test_a_handler_that_fails_is_a_500_and_the_next_one_works() -> None:
    async def fail_at_first(request: Request) -> Reply:
        if request.target == "/fail":
            raise RuntimeError
        return Reply(200, b"hello")

    async def test() -> None:
        async with api(Limits(), fail_at_first) as connected:
            reader, writer = await connected()
            writer.write(GET.replace(b" / ", b" /fail ") + GET)
            answers = await reader.readuntil(b"hello")
            assert answers.index(b" 500 ") < answers.index(b" 200 ")

    run(test())


def test_who_does_not_read_the_answer_is_dropped() -> None:
    async def test() -> None:
        async def plenty(_request: Request) -> Reply:
            return Reply(200, b"x" * (64 * MIB))

        async with api(Limits(write=0.2), plenty) as connected:
            reader, writer = await connected()
            writer.write(GET)
            await asyncio.sleep(0.6)
            with contextlib.suppress(ConnectionResetError):
                assert len(await reader.read()) < 64 * MIB

    run(test())


def test_one_client_too_many_is_told_so() -> None:
    async def test() -> None:
        async with api(Limits(clients=2)) as connected:
            held = [await connected() for _ in range(2)]
            reader, _ = await connected()
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            held[0][1].close()
            await asyncio.sleep(0.1)
            reader, writer = await connected()
            writer.write(GET)
            assert b"200 OK" in await reader.readuntil(b"hello")

    run(test())


def test_what_was_asked_is_carried_out_though_the_client_has_gone() -> None:
    seen = []
    both = asyncio.Event()

    async def note(request: Request) -> Reply:
        seen.append(request.target)
        if len(seen) == 2:
            both.set()
        return Reply(200)

    async def test() -> None:
        async with api(Limits(), note) as connected:
            _, writer = await connected()
            writer.write(GET + GET.replace(b" / ", b" /second "))
            writer.close()
            await both.wait()

    run(test())
    assert seen == ["/", "/second"]


def test_garbage_behind_a_request_does_not_cost_its_answer() -> None:
    async def test() -> None:
        async with api(Limits()) as connected:
            reader, writer = await connected()
            writer.write(GET + b"garbage\r\n\r\n")
            answers = await reader.read()
            assert answers.index(b" 200 OK") < answers.index(b" 400 ")

    run(test())


@pytest.mark.slow
def test_a_flood_that_reads_nothing_takes_no_memory(server: Server) -> None:
    """Requests without end, answers unread: what is not read here waits in the client."""
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    flood = b"GET /proxies HTTP/1.1\r\nHost: a\r\n\r\n" * 2000

    def pour(sock: socket.socket) -> None:
        sock.settimeout(0.5)
        with contextlib.suppress(OSError):
            for _ in range(400):
                sock.sendall(flood)

    socks = [connect(server.port) for _ in range(8)]
    threads = [threading.Thread(target=pour, args=(sock,)) for sock in socks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.client.get("/version").status_code == 200
    assert process.memory_info().rss - before < 100 * MIB
    for sock in socks:
        sock.close()


@pytest.mark.slow
def test_many_bodies_that_never_end_take_no_more_than_their_limit(server: Server) -> None:
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    socks = [connect(server.port) for _ in range(100)]
    for sock in socks:
        sock.settimeout(0.2)
        with contextlib.suppress(OSError):
            sock.sendall(b"POST /proxies HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
            sock.sendall(b" " * (4 * MIB))
    assert server.client.get("/version").status_code == 200
    assert process.memory_info().rss - before < 200 * MIB
    for sock in socks:
        sock.close()
