"""One proxy: a listener, an upstream, its toxics and its connections."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from codeblue.proxy import addresses
from codeblue.proxy.addresses import Address, AddressError
from codeblue.proxy.connection import Connection
from codeblue.proxy.counters import Counters
from codeblue.proxy.decisions import Decisions
from codeblue.proxy.descriptors import Descriptors
from codeblue.proxy.toxic import Toxic
from codeblue.proxy.turns import Turns

ACCEPTS_AT_ONCE = 64
ACCEPT_PAUSE = 0.05
"""Seconds to wait when the process has run out of file descriptors."""
PER_CONNECTION = 2
"""Descriptors: the client's and the upstream's."""

LOG = logging.getLogger("codeblue.proxy")


class Proxy:
    """Listens on one address and passes each connection to one upstream, through its toxics."""

    def __init__(
        self,
        name: str,
        listen: str,
        upstream: str,
        seed: int,
        descriptors: Descriptors,
        turns: Turns,
    ) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.seed = seed
        self.toxics: list[Toxic] = []
        self.connections: set[Connection] = set()
        self.counters = Counters()
        self.decisions = Decisions()
        self.turns = turns
        self.holders: set[str] = set()
        """Lease owners that keep the proxy disabled; the last one to go enables it."""
        self.lease: str | None = None
        """The lease owner with whose lease the proxy itself goes."""
        self.retired = False
        """True once deleted or replaced: it never listens again."""
        self._socket: socket.socket | None = None
        self._descriptors = descriptors
        self._waiting = False

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
        self._descriptors.hold(1)
        self.listen = str(addresses.bound(self._socket))
        asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def stop(self) -> None:
        """Stop listening and drop every connection, now; what is in their buffers is lost."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._descriptors.give(1)
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
        self._each(Connection.rewire)

    def change(self, toxic: Toxic) -> None:
        """Bring new values of a toxic to every connection."""
        self._each(lambda connection: connection.changed(toxic))

    def remove(self, *toxics: Toxic) -> None:
        """Take toxics away; what they held is passed on at once."""
        self.toxics = [toxic for toxic in self.toxics if toxic not in toxics]
        self._each(Connection.rewire)

    def forget(self, connection: Connection) -> None:
        """Note that both sockets of this connection are gone."""
        if connection in self.connections:
            self.connections.remove(connection)
            self._descriptors.give(PER_CONNECTION)

    def _each(self, change: Callable[[Connection], None]) -> None:
        for connection in list(self.connections):
            try:
                change(connection)
            except Exception:  # the others must heal all the same
                LOG.exception("proxy %s: connection %d is dropped", self.name, connection.number)
                connection.abort()

    def _accept(self) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            if not self._descriptors.take(PER_CONNECTION):
                self._pause("too many open connections")
                return
            try:
                client, _peer = self._listener().accept()
            except OSError as error:
                self._descriptors.give(PER_CONNECTION)
                if not isinstance(error, BlockingIOError | ConnectionAbortedError):
                    self._pause(str(error))
                return
            self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        self._waiting = False
        self.counters.accepted += 1
        client.settimeout(0)
        try:
            connection = Connection(self, self.counters.accepted)
        except Exception:  # a mistake in a toxic
            LOG.exception("proxy %s: a client is dropped", self.name)
            client.close()
            self._descriptors.give(PER_CONNECTION)
            return
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

    def _pause(self, reason: str) -> None:
        if not self._waiting:
            LOG.warning("proxy %s: cannot accept: %s; trying again", self.name, reason)
        self._waiting = True
        loop, listener = asyncio.get_running_loop(), self._listener()
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
