"""The server process: API listener, registry, signals."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial

from codeblue.errors import UsageError
from codeblue.proxy import addresses
from codeblue.proxy.addresses import Address, AddressError
from codeblue.proxy.api.http import ApiProtocol
from codeblue.proxy.api.routes import answer
from codeblue.proxy.registry import Registry


async def serve(host: str, port: int, seed: int, listening: Callable[[Address], None]) -> None:
    """Serve until SIGTERM or SIGINT; tells `listening` where.

    Raises UsageError when the API address cannot be had.
    """
    loop = asyncio.get_running_loop()
    sock = await _listen(Address(host, port))
    registry, clients, stop = Registry(seed), set[ApiProtocol](), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    api = await loop.create_server(
        lambda: ApiProtocol(partial(answer, registry), clients), sock=sock
    )
    listening(addresses.bound(sock))
    await stop.wait()
    api.close()
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
