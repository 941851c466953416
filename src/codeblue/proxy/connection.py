"""One client of a proxy and its upstream: two sockets, two links."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

from codeblue.proxy.addresses import Address
from codeblue.proxy.counters import Counters
from codeblue.proxy.decisions import Decisions
from codeblue.proxy.link import PENDING_LIMIT, Link
from codeblue.proxy.toxic import Toxic
from codeblue.proxy.toxics import Stage
from codeblue.proxy.turns import Turns

DIAL_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 15
HELD_LIMIT = 512 << 20
"""Bytes that the connections of a proxy may hold in one direction, all together."""
NO_LINGER = struct.pack("ii", 1, 0)


class Owner(Protocol):
    """What a connection asks of its proxy."""

    name: str
    seed: int
    counters: Counters
    decisions: Decisions
    connections: set[Connection]
    turns: Turns

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


class Drawn(NamedTuple):
    """What a connection drew for a toxic, and at which toxicity."""

    toxic: Toxic
    toxicity: float
    bites: bool


class Connection:
    """A client, the upstream that was dialled for it, and a link in each direction.

    A half-closed connection stays half closed: the end of one stream does not end the other.
    """

    def __init__(self, owner: Owner, number: int) -> None:
        self.owner = owner
        self.number = number
        counters = owner.counters
        self.upstream = Link(self, owner.turns, counters.receive_up, counters.add_up)
        self.downstream = Link(self, owner.turns, counters.receive_down, counters.add_down)
        self.links = {"upstream": self.upstream, "downstream": self.downstream}
        self._transports: list[asyncio.Transport] = []
        self._drawn: dict[str, Drawn] = {}
        self._lost = 0
        self._over = False
        self._resetting = False
        self._opening: asyncio.Task[None] | None = None
        self._dialling = False
        self.rewire()

    def open(self, client: socket.socket, upstream: Address) -> None:
        """Serve an accepted socket; its upstream is dialled while the listener goes on."""
        if self._over:  # a toxic has refused it already
            no_linger(client)
            client.close()
            self.owner.forget(self)
            return
        self._opening = asyncio.get_running_loop().create_task(self._open(client, upstream))

    def rewire(self) -> None:
        """Run exactly the toxics that are in place and that this connection has drawn."""
        chains: dict[str, dict[str, Stage]] = {direction: {} for direction in self.links}
        for toxic in self.owner.toxics:
            if stage := self._stage(toxic):
                chains[toxic.direction][toxic.name] = stage
        if len(self._drawn) > len(self.owner.toxics):
            self._drawn = {toxic.name: self._drawn[toxic.name] for toxic in self.owner.toxics}
        for direction, link in self.links.items():
            link.rewire(chains[direction])
        if self._over:  # one of them has just ended it: the others must not begin to wait
            self._cancel_links()

    def changed(self, toxic: Toxic) -> None:
        """Apply new values of a toxic; a new toxicity meets the same draw as before."""
        self.rewire()
        if stage := self.links[toxic.direction].stages.get(toxic.name):
            stage.changed()

    def opened(self, transport: asyncio.Transport) -> None:
        """Note a socket that must be closed with this connection, or at once when that is over."""
        if self._over:
            if self._resetting:
                no_linger(transport.get_extra_info("socket"))
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

    def answer(self, link: Link, chunk: bytes) -> None:
        """Send bytes back to the source of `link`, as if the other end had sent them."""
        other = self.downstream if link is self.upstream else self.upstream
        other.take(chunk)

    def room(self) -> int:
        """How many bytes may wait in one stage: a share of what the proxy may hold."""
        return max(PENDING_LIMIT, HELD_LIMIT // max(1, len(self.owner.connections)))

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
        """Close both sockets now, with a TCP RST; one that is not open yet follows."""
        self._resetting = True
        for transport in self._transports:
            if not transport.is_closing():
                no_linger(transport.get_extra_info("socket"))
        self.abort()

    def _stage(self, toxic: Toxic) -> Stage | None:
        known, link = self._drawn.get(toxic.name), self.links[toxic.direction]
        if known is None or known.toxic is not toxic or known.toxicity != toxic.toxicity:
            bites, random = toxic.draw(self.owner.seed, self.owner.name, self.number)
            self._draw(known, Drawn(toxic, toxic.toxicity, bites))
            if bites and toxic.name not in link.stages:
                return toxic.stage(link, random)
        return link.stages.get(toxic.name) if self._drawn[toxic.name].bites else None

    def _draw(self, known: Drawn | None, drawn: Drawn) -> None:
        toxic, _, bites = self._drawn[drawn.toxic.name] = drawn
        if known is None or known.toxic is not toxic or known.bites is not bites:
            self.owner.decisions.note(self.number, toxic.name, toxic.direction, bites)

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
        self._cancel_links()
        if self._opening is not None and self._dialling and len(self._transports) == 1:
            self._opening.cancel()
        self._forget_when_gone()

    def _cancel_links(self) -> None:
        for link in self.links.values():
            link.cancel()

    def _forget_when_gone(self) -> None:
        if self._lost >= len(self._transports):
            self.owner.forget(self)


def keep_alive(transport: asyncio.Transport) -> None:
    """Send small writes at once, and notice a peer that vanished, as Toxiproxy does."""
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_ALIVE_SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_ALIVE_SECONDS)


def no_linger(sock: socket.socket) -> None:
    """Let the socket end with a TCP RST when it is closed."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
