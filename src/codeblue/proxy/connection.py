"""One client of a proxy and its upstream: two sockets, two links."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from typing import Protocol, cast

from codeblue.proxy.addresses import Address
from codeblue.proxy.counters import Counters
from codeblue.proxy.link import Link
from codeblue.proxy.toxic import Toxic, chance
from codeblue.proxy.toxics import Stage

DIAL_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 15
NO_LINGER = struct.pack("ii", 1, 0)


class Owner(Protocol):
    """What a connection asks of its proxy."""

    name: str
    seed: int
    counters: Counters

    @property
    def toxics(self) -> Sequence[Toxic]:
        """The toxics that are in place, in order of creation."""

    def forget(self, connection: Connection) -> None:
        """Note that both sockets of this connection are gone."""


class End(asyncio.Protocol):
    """One socket: the source of the link `incoming`, the destination of the link `outgoing`."""

    def __init__(self, connection: Connection, incoming: Link, outgoing: Link) -> None:
        self.connection = connection
        self.incoming = incoming
        self.outgoing = outgoing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wire the socket into both links."""
        opened = cast("asyncio.Transport", transport)
        keep_alive(opened)
        self.incoming.source = opened
        self.connection.opened(opened)
        self.outgoing.connect(opened)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the link."""
        self.incoming.receive(data)

    def eof_received(self) -> bool:
        """Hand the end of the stream to the link; the socket stays open for the other direction."""
        self.incoming.finish()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - every end is an end
        """Drain the link, then close the other side."""
        self.incoming.source_lost = True
        self.connection.lost(self.incoming)

    def pause_writing(self) -> None:
        """Hold the other side: this one reads slowly."""
        self.outgoing.choke(choked=True)

    def resume_writing(self) -> None:
        """Read from the other side again."""
        self.outgoing.choke(choked=False)


class Connection:
    """A client, the upstream that was dialled for it, and a link in each direction.

    A half-closed connection stays half closed: the end of one stream does not end the other.
    """

    def __init__(self, owner: Owner, number: int) -> None:
        self.owner = owner
        self.number = number
        self.upstream = Link(self, owner.counters.add_up)
        self.downstream = Link(self, owner.counters.add_down)
        self.links = {"upstream": self.upstream, "downstream": self.downstream}
        self._transports: list[asyncio.Transport] = []
        self._lost = 0
        self._over = False
        self._opening: asyncio.Task[None] | None = None
        self._dialling = False
        self.rewire()

    def open(self, client: socket.socket, upstream: Address) -> None:
        """Serve an accepted socket; its upstream is dialled while the listener goes on."""
        self._opening = asyncio.get_running_loop().create_task(self._open(client, upstream))

    def rewire(self) -> None:
        """Run exactly the toxics that are in place and that this connection has drawn."""
        for direction, link in self.links.items():
            stages = {}
            for toxic in self.owner.toxics:
                if toxic.direction == direction and (stage := self._stage(link, toxic)):
                    stages[toxic.name] = stage
            link.rewire(stages)

    def changed(self, toxic: Toxic) -> None:
        """Apply new values of a toxic; a new toxicity meets the same draw as before."""
        self.rewire()
        if stage := self.links[toxic.direction].stages.get(toxic.name):
            stage.changed()

    def opened(self, transport: asyncio.Transport) -> None:
        """Note a socket that must be closed with this connection, or at once when that is over."""
        if self._over:
            transport.abort()
        else:
            self._transports.append(transport)

    def lost(self, link: Link) -> None:
        """Note that the source of `link` is gone: let the link drain, then end the connection."""
        self._lost += 1
        if link.delivered:
            self.settle()
        else:
            link.finish()
        if self._over:
            self._forget_when_gone()

    def settle(self) -> None:
        """Close both sockets when nothing more can be delivered."""
        links = self.links.values()
        over = any(link.delivered and (link.closing or link.source_lost) for link in links)
        if over or all(link.delivered for link in links):
            self.close()

    def close(self) -> None:
        """Close both sockets, after their buffers are written."""
        self._end()
        for transport in self._transports:
            transport.close()

    def abort(self) -> None:
        """Close both sockets now; what is in the buffers is lost."""
        self._end()
        for transport in self._transports:
            transport.abort()

    def reset(self) -> None:
        """Close both sockets now, with a TCP RST."""
        for transport in self._transports:
            if not transport.is_closing():
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.abort()

    def _stage(self, link: Link, toxic: Toxic) -> Stage | None:
        random = chance(self.owner.seed, self.owner.name, toxic.name, self.number)
        if random.random() >= toxic.toxicity:
            return None
        return link.stages.get(toxic.name) or toxic.kind(toxic.attributes, link, random)

    async def _open(self, client: socket.socket, upstream: Address) -> None:
        near = End(self, self.upstream, self.downstream)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: near, client)
        except OSError:
            client.close()
            self.close()
        if not self._over:
            await self._dial(upstream)

    async def _dial(self, upstream: Address) -> None:
        far = End(self, self.downstream, self.upstream)
        host = upstream.host or "localhost"
        loop = asyncio.get_running_loop()
        self._dialling = True  # from here on; an accepted socket that is cancelled never tells
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                await loop.create_connection(lambda: far, host, upstream.port)
        except (OSError, UnicodeError):
            self.owner.counters.refused_upstream += 1
            del self._transports[1:]  # one that opened at the moment of the timeout
            self.close()
        finally:
            self._dialling = False

    def _end(self) -> None:
        self._over = True
        for link in self.links.values():
            link.cancel()
        if self._opening is not None and self._dialling and len(self._transports) == 1:
            self._opening.cancel()
        self._forget_when_gone()

    def _forget_when_gone(self) -> None:
        if self._lost >= len(self._transports):
            self.owner.forget(self)


def keep_alive(transport: asyncio.Transport) -> None:
    """Send small writes at once, and notice a peer that vanished, as Toxiproxy does."""
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_ALIVE_SECONDS)
