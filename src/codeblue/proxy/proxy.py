"""One proxy: a listener, an upstream, its toxics and its connections."""

from __future__ import annotations

import asyncio
import logging
import socket

from codeblue.proxy import addresses
from codeblue.proxy.addresses import Address, AddressError
from codeblue.proxy.connection import Connection
from codeblue.proxy.counters import Counters
from codeblue.proxy.toxic import Toxic

ACCEPTS_AT_ONCE = 64
ACCEPT_PAUSE = 0.05
"""Seconds to wait when the process has run out of file descriptors."""

LOG = logging.getLogger("codeblue.proxy")


class Proxy:
    """Listens on one address and passes each connection to one upstream, through its toxics."""

    def __init__(self, name: str, listen: str, upstream: str, seed: int) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.seed = seed
        self.toxics: list[Toxic] = []
        self.connections: set[Connection] = set()
        self.counters = Counters()
        self.holders: set[str] = set()
        """Lease owners that keep the proxy disabled; the last one to go enables it."""
        self.retired = False
        """True once deleted or replaced: it never listens again."""
        self._socket: socket.socket | None = None

    @property
    def enabled(self) -> bool:
        """Whether it listens."""
        return self._socket is not None

    async def start(self) -> None:
        """Listen; raises AddressError when the address cannot be resolved or bound."""
        self.holders.clear()
        address = await resolve_listen(self.listen)
        if self.enabled or self.retired:
            return
        self._socket = addresses.listen(address)
        self.listen = str(addresses.bound(self._socket))
        asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def stop(self) -> None:
        """Stop listening and drop every connection, now; what is in their buffers is lost."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for connection in list(self.connections):
            connection.abort()

    def retire(self) -> None:
        """Stop for good."""
        self.retired = True
        self.stop()

    def find(self, name: str) -> Toxic | None:
        """The toxic of that name, in either direction."""
        return next((toxic for toxic in self.toxics if toxic.name == name), None)

    def add(self, toxic: Toxic) -> None:
        """Put a toxic at the end of its direction, on live connections too."""
        self.toxics.append(toxic)
        self._rewire()

    def change(self, toxic: Toxic) -> None:
        """Bring new values of a toxic to every connection."""
        for connection in list(self.connections):
            connection.changed(toxic)

    def remove(self, *toxics: Toxic) -> None:
        """Take toxics away; what they held is passed on at once."""
        self.toxics = [toxic for toxic in self.toxics if toxic not in toxics]
        self._rewire()

    def forget(self, connection: Connection) -> None:
        """Note that both sockets of this connection are gone."""
        self.connections.discard(connection)

    def _rewire(self) -> None:
        for connection in list(self.connections):
            connection.rewire()

    def _accept(self) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                client, _peer = self._listener().accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(error)
                return
            self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        self.counters.accepted += 1
        client.settimeout(0)
        connection = Connection(self, self.counters.accepted)
        self.connections.add(connection)
        connection.open(client, self._upstream())

    def _upstream(self) -> Address:
        try:
            return addresses.parse(self.upstream)
        except AddressError:
            return Address(self.upstream, 0)

    def _listener(self) -> socket.socket:
        assert self._socket is not None  # noqa: S101 - its reader is removed with it
        return self._socket

    def _pause(self, error: OSError) -> None:
        LOG.warning("proxy %s: cannot accept: %s; trying again", self.name, error)
        loop = asyncio.get_running_loop()
        listener = self._listener()
        loop.remove_reader(listener)
        loop.call_later(ACCEPT_PAUSE, self._resume, listener)

    def _resume(self, listener: socket.socket) -> None:
        if listener is self._socket:
            asyncio.get_running_loop().add_reader(listener, self._accept)


async def resolve_listen(listen: str) -> Address:
    """The address to listen on; raises AddressError in the words of a failed `listen`."""
    try:
        return await addresses.resolve(listen)
    except AddressError as error:
        raise AddressError(f"listen tcp: {error}") from error
