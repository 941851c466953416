"""A proxy's data path without sockets and without waiting: time passes when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from codeblue.proxy.connection import Connection, End
from codeblue.proxy.proxy import Proxy
from codeblue.proxy.registry import Registry
from codeblue.proxy.toxic import Toxic
from codeblue.proxy.toxics import STAGES

MOST_STEPS = 200_000


class Timer:
    """What `call_later` returns."""

    def __init__(self, callback: Callable[..., object], arguments: tuple[object, ...]) -> None:
        self.callback = callback
        self.arguments = arguments
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Stands in for the event loop and for the monotonic clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._timers: list[tuple[float, int, Timer]] = []
        self._number = itertools.count()

    def call_later(self, seconds: float, callback: Callable[..., object], *given: object) -> Timer:
        timer = Timer(callback, given)
        heapq.heappush(self._timers, (self.now + seconds, next(self._number), timer))
        return timer

    def call_soon(self, callback: Callable[..., object], *given: object) -> Timer:
        return self.call_later(0.0, callback, *given)

    def advance(self, seconds: float) -> None:
        """Let that much time pass, with everything that happens meanwhile."""
        until = self.now + seconds
        for _ in range(MOST_STEPS):
            if not self._timers or self._timers[0][0] > until:
                self.now = max(self.now, until)
                return
            self._fire()
        raise AssertionError("the data path never comes to rest")

    def rest(self, longest: float = 1e6) -> None:
        """Let time pass until nothing is going to happen any more, within `longest` seconds."""
        until = self.now + longest
        for _ in range(MOST_STEPS):
            if not self._timers or self._timers[0][0] > until:
                return
            self._fire()
        raise AssertionError("the data path never comes to rest")

    def _fire(self) -> None:
        at, _, timer = heapq.heappop(self._timers)
        if not timer.cancelled:
            self.now = max(self.now, at)
            timer.callback(*timer.arguments)


@contextmanager
def virtual_time() -> Iterator[Clock]:
    """Run the data path on a clock of its own."""
    clock = Clock()
    modules: list[Any] = [
        each for name, each in sys.modules.items() if name.startswith("codeblue.proxy.")
    ]
    timed = [(each, each.monotonic) for each in modules if hasattr(each, "monotonic")]
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(cast("Any", clock))
    for module, _ in timed:
        module.monotonic = lambda: clock.now
    try:
        yield clock
    finally:
        asyncio._set_running_loop(before)
        for module, monotonic in timed:
            module.monotonic = monotonic


class Socket:
    """A transport that keeps what is written, and when."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.end: End
        self.written: list[tuple[float, bytes]] = []
        self.eof = False
        self.paused = False
        self.fate: str | None = None
        """How it ended: `closed` or `aborted`."""
        self.reset = False

    @property
    def received(self) -> bytes:
        return b"".join(data for _, data in self.written)

    def write(self, data: bytes) -> None:
        assert not self.eof, "written after the end of the stream"
        self.written.append((self.clock.now, bytes(data)))

    def write_eof(self) -> None:
        self.eof = True

    def close(self) -> None:
        self._over("closed")

    def abort(self) -> None:
        self._over("aborted")

    def is_closing(self) -> bool:
        return self.fate is not None

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_extra_info(self, name: str) -> Socket:  # noqa: ARG002 - a transport
        return self

    def setsockopt(self, level: int, option: int, value: object) -> None:  # noqa: ARG002 - a socket
        self.reset = self.reset or isinstance(value, bytes)  # only SO_LINGER takes a struct

    def get_write_buffer_size(self) -> int:
        return 0

    def _over(self, fate: str) -> None:
        if self.fate is None:
            self.fate = fate
            self.clock.call_later(0.0, self.end.connection_lost, None)


class Pair:
    """One connection through the proxy: what the client has, and what the server has."""

    def __init__(self, clock: Clock, proxy: Proxy) -> None:
        proxy.counters.accepted += 1
        self.connection = connection = Connection(proxy, proxy.counters.accepted)
        proxy.connections.add(connection)
        self.client, self.server = Socket(clock), Socket(clock)
        self.client.end = End(connection, connection.upstream, connection.downstream)
        self.server.end = End(connection, connection.downstream, connection.upstream)
        for socket in (self.client, self.server):
            socket.end.connection_made(cast("Any", socket))

    @property
    def over(self) -> bool:
        return self.client.fate is not None

    def ask(self, data: bytes) -> None:
        """The client sends."""
        if not self.over:
            self.client.end.data_received(data)

    def answer(self, data: bytes) -> None:
        """The server sends."""
        if not self.over:
            self.server.end.data_received(data)

    def hang_up(self) -> None:
        """The client shuts down its writing side."""
        if not self.over:
            self.client.end.eof_received()


class Line:
    """A proxy with connections, and toxics that come, change and go."""

    def __init__(self, clock: Clock, seed: int = 0, name: str = "edge") -> None:
        self.clock = clock
        self.proxy = Registry(seed).new(name, "127.0.0.1:0", "127.0.0.1:0")

    def connect(self) -> Pair:
        return Pair(self.clock, self.proxy)

    def add(
        self, kind: str, stream: str = "upstream", toxicity: float = 1.0, **values: int
    ) -> Toxic:
        attributes = dict.fromkeys(STAGES[kind].units, 0) | values
        toxic = Toxic(f"{kind}_{stream}", STAGES[kind], stream, toxicity, attributes)
        self.proxy.add(toxic)
        return toxic

    def change(self, toxic: Toxic, **values: int) -> None:
        toxic.attributes.update(values)
        self.proxy.change(toxic)

    def remove(self, *toxics: Toxic) -> None:
        self.proxy.remove(*toxics)
