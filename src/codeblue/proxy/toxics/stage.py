"""A toxic at work on one link: the part that every toxic shares."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Generator, Mapping
from random import Random
from typing import Any, ClassVar, Protocol

LONGEST_PAUSE = 365 * 86_400.0
"""Seconds. Longer waits are cut to this, so that no attribute value overflows a timer."""

STEPS = 32
"""Steps that one stage takes before it lets the other connections run."""

SLOTS = 1024
"""Chunks that may wait in a stage with a capacity, as in Toxiproxy."""

UNIT_SECONDS = {"ms": 1e-3, "us": 1e-6}

Pipe = Generator[float, None, None]
"""Yields seconds to wait; passes bytes on by itself."""


class Interrupted(Exception):
    """Thrown into a waiting pipe when its toxic is changed or removed."""


class Receiver(Protocol):
    """What follows a stage on a link: the next stage, or the socket at the end."""

    def data(self, chunk: bytes, at: float) -> None:
        """Take bytes that arrived at the monotonic time `at`."""

    def eof(self) -> None:
        """Take the end of the stream; nothing is passed on after it."""


class Wire(Protocol):
    """What a stage may do to the link that it works on."""

    closing: bool
    """True when the end of this stream shall end the whole connection."""

    @property
    def fresh(self) -> bool:
        """Whether the connection is new, so that its source is not open yet."""

    def answer(self, chunk: bytes) -> None:
        """Send bytes back to the source, through the toxics of the other direction."""

    def reset(self) -> None:
        """End the connection at once with a TCP RST on both sides."""

    def throttle(self) -> None:
        """Reconsider whether the source may be read, because a backlog changed."""


class Stage:
    """One toxic on one link. Items pass in order, one at a time; a subclass says how long.

    `pipe` handles a chunk and `closing` runs before the end of the stream passes. Both yield
    seconds to wait. When the toxic is changed or removed meanwhile, `Interrupted` is thrown at
    the `yield`; a pipe that lets it through has its whole item put back.
    """

    kind: ClassVar[str]
    """The toxic's `type` in the API."""
    units: ClassVar[Mapping[str, str]] = {}
    """Attribute -> unit, in the order in which the API prints them; all are int64, default 0."""
    stream: ClassVar[str | None] = None
    """The only direction that it works on, when there is only one."""
    capacity: ClassVar[int] = 0
    """Bytes that may wait here before the source is no longer read."""
    limits: ClassVar[Mapping[str, tuple[int, int]]] = {}
    """Attribute -> least and greatest sensible value, where 0 to a year or int64 is too wide."""

    output: Receiver
    shared: Any = None
    """What the stages of one toxic have in common, as `share` made it."""

    def __init__(self, values: Mapping[str, int], wire: Wire, random: Random) -> None:
        self.values = values
        self.wire = wire
        self.random = random
        self.backlog = 0
        self.ended = False
        self._queue: deque[tuple[bytes | None, float]] = deque()
        self._item: tuple[bytes | None, float] = (None, 0.0)
        self._work: Pipe | None = None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def check(cls, values: Mapping[str, int]) -> str | None:
        """A sentence about the first value that cannot be meant; None when all can.

        Such values are harmless all the same: they work as the nearest sane ones.
        """
        for name, unit in cls.units.items():
            least, greatest = cls.limits.get(name, (0, _longest(unit)))
            if not least <= values[name] <= greatest:
                what = f"{cls.kind}: {name} is {values[name]} {unit}"
                return f"{what}. Give {least} to {greatest}."
        return None

    @classmethod
    def share(cls) -> Any:
        """What the stages of one toxic shall have in common; nothing by default."""
        return None

    def pipe(self, chunk: bytes, at: float) -> Pipe:
        """Pass one chunk on, after as many waits as the toxic asks for."""
        yield from ()
        self.output.data(chunk, at)

    def closing(self) -> Pipe:
        """Wait before the end of the stream passes."""
        yield from ()

    def started(self) -> None:
        """Begin, once the stage is wired in."""

    def removed(self) -> None:
        """End, once everything held has been passed on."""

    def data(self, chunk: bytes, at: float) -> None:
        """Take a chunk."""
        if not self.ended:
            self.backlog += self._room(chunk)
            self._enqueue(chunk, at)

    def eof(self) -> None:
        """Take the end of the stream."""
        if not self.ended:
            self.ended = True
            self._enqueue(None, 0.0)

    def end(self) -> None:
        """Close the whole connection, after the stages behind this one have drained."""
        self.ended = True
        self.wire.closing = True
        self.output.eof()

    def changed(self) -> None:
        """Start over with new attribute values; what was waiting is interrupted."""
        self._interrupt()
        self._advance()

    def release(self) -> None:
        """Pass on everything held, at once and in order."""
        self._interrupt()
        while self._queue:
            chunk, at = self._queue.popleft()
            if chunk is None:
                self.output.eof()
            else:
                self.output.data(chunk, at)
        self.backlog = 0

    def cancel(self) -> None:
        """Drop everything: the connection is gone."""
        self.ended = True
        self._stop_timer()
        self._queue.clear()
        self._work = None
        self.backlog = 0

    def _enqueue(self, chunk: bytes | None, at: float) -> None:
        self._queue.append((chunk, at))
        if self._work is None and self._timer is None:
            self._advance()
        else:
            self.wire.throttle()

    def _advance(self) -> None:
        self._timer = None
        for _ in range(STEPS):
            if (work := self._work or self._next()) is None:
                break
            pause = next(work, None)
            if self._work is not work:  # the connection ended meanwhile
                return
            if pause is None:
                self._work = None
            elif pause > 0:
                self._wait(min(pause, LONGEST_PAUSE))
                break
        else:
            self._wait(0.0)
        self.wire.throttle()

    def _next(self) -> Pipe | None:
        if self._queue:
            self._item = self._queue.popleft()
            self._work = self._handle(*self._item)
        return self._work

    def _handle(self, chunk: bytes | None, at: float) -> Pipe:
        if chunk is None:
            yield from self.closing()
            self.output.eof()
        else:
            yield from self.pipe(chunk, at)
            self.backlog -= self._room(chunk)

    def _room(self, chunk: bytes) -> int:
        return max(len(chunk), self.capacity // SLOTS)

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._advance)

    def _interrupt(self) -> None:
        self._stop_timer()
        work, self._work = self._work, None
        if work is None:
            return
        try:
            work.throw(Interrupted)
        except Interrupted:
            self._queue.appendleft(self._item)
        except StopIteration:
            pass

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _longest(unit: str) -> int:
    """The greatest value of a unit: a year where it is a time, else what an int64 holds."""
    seconds = UNIT_SECONDS.get(unit)
    return round(LONGEST_PAUSE / seconds) if seconds else 2**63 - 1
