"""The server process: API listener, registry, signals."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from functools import partial

from codeblue.errors import UsageError
from codeblue.proxy import addresses
from codeblue.proxy.addresses import Address, AddressError
from codeblue.proxy.api.http import ApiProtocol
from codeblue.proxy.api.routes import answer
from codeblue.proxy.descriptors import raise_limit
from codeblue.proxy.registry import Registry

LOOKUPS = "32"
"""Names that are looked up at the same time. A name server that does not answer holds one each."""

Prepare = Callable[[Registry], Awaitable[None]]


async def serve(
    host: str,
    port: int,
    seed: int,
    listening: Callable[[Address], None],
    *,
    strict: bool = False,
    prepare: Prepare | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; `prepare` the proxies first, then tell `listening` where.

    With `strict`, the API does what Toxiproxy's does, and no more. Raises UsageError when the API
    address cannot be had.
    """
    raise_limit()
    os.environ.setdefault("UV_THREADPOOL_SIZE", LOOKUPS)
    gc.freeze()  # what was imported stays; looking at it again would stop the data path for it
    loop = asyncio.get_running_loop()
    sock = await _listen(Address(host, port))
    registry, clients, stop = Registry(seed), set[ApiProtocol](), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        if prepare is not None:
            await prepare(registry)
        api = await loop.create_server(
            lambda: ApiProtocol(partial(answer, registry, strict=strict), clients), sock=sock
        )
        listening(addresses.bound(sock))
        await stop.wait()
        api.close()
    finally:
        sock.close()
        for client in list(clients):
            client.close()
        registry.stop()


async def _listen(address: Address) -> socket.socket:
    try:
        return addresses.listen(await addresses.resolve(str(address)))
    except AddressError as error:
        reason = str(error).rpartition("bind: ")[2]
        raise UsageError(
            f"{address}: {reason}. Stop what listens there, or choose another --port (0 takes a "
            "free one)."
        ) from error
