"""Switch 5, "Distributed caching": who keeps what was read a moment ago, and until when.

Without it every reader of a chart that has just expired asks the database at once, and two
gateways show two states of one patient for as long as they live.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import struct
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from reference_platform.outcomes import Refusal

Load = Callable[[], Awaitable[bytes]]
"""Makes the content anew; raises NotContentError, Refusal or TimeoutError."""

_SERVER_ERROR = 500


class CacheLostError(Exception):
    """The cache gave no answer in its time; go on without it."""


class NotContentError(Exception):
    """The origin answered, but with nothing to keep; `status` is its HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Copy:
    """Some content, its age in seconds, and whether it is older than it should be."""

    content: bytes
    age: float = 0.0
    stale: bool = False


class Shared(Protocol):
    """A store that all processes see. Every method raises CacheLostError."""

    async def look(self, key: str) -> bytes | None:
        """What is kept under `key`."""
        ...

    async def reserve(self, key: str, token: str, seconds: float) -> bool:
        """Whether the caller is now the one that fills `key`, for so long."""
        ...

    async def finish(self, key: str, token: str, content: bytes, seconds: float) -> None:
        """Keep `content` (b"" = nothing) and end the reservation, if it is still `token`'s."""
        ...

    async def drop(self, keys: Iterable[str]) -> None:
        """Remove what is kept, and end every reservation."""
        ...


class DistributedCache(Protocol):
    """How content is read through a cache, and what happens to it after a write."""

    async def read(self, shared: Shared, key: str, load: Load) -> Copy:
        """The content of `key`, kept or loaded; raises what `load` raises."""
        ...

    async def forget(self, shared: Shared, keys: Iterable[str]) -> None:
        """The origin has changed, or may have."""
        ...


class Pilot:
    """A dict in every process, which nothing but its size ever empties."""

    size = 16  # the charts of a ward round

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    async def read(self, shared: Shared, key: str, load: Load) -> Copy:  # noqa: ARG002
        """As it was when this process read it first."""
        content = self._kept.get(key)
        if content is None:
            content = await load()
            if len(self._kept) >= self.size:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = content
        return Copy(content)

    async def forget(self, shared: Shared, keys: Iterable[str]) -> None:
        """Nobody told the dict."""


class Production:
    """One store for all processes: content expires at slightly different moments, one reader fills
    it for all, a write removes it, and an old copy is better than none, if it says that it is old.

    The reservation is memcached's lease (Nishtala et al., "Scaling Memcache at Facebook", NSDI
    2013): a write ends it, so that what was read before the write is never kept after it.
    """

    fresh = 2.0  # seconds, give or take the share of `jitter`
    jitter = 0.2
    stale = 60.0  # seconds after which an old copy is no use to anybody
    reservation = 1.5  # seconds that the one who fills may take
    patience = 0.3  # seconds that the others wait for it before they load themselves
    pause = 0.02

    def __init__(self) -> None:
        self._flights: dict[str, tuple[float, asyncio.Task[Copy]]] = {}
        self._tasks: set[asyncio.Task[Copy]] = set()

    async def read(self, shared: Shared, key: str, load: Load) -> Copy:
        """Fresh from the store; else loaded once for all who ask meanwhile; else the old copy."""
        try:
            copy = _unpacked(await shared.look(key))
        except CacheLostError:
            return await asyncio.shield(self._flight(key, lambda: _alone(load)))
        if copy is not None and not copy.stale:
            return copy
        return await asyncio.shield(self._flight(key, lambda: self._fetch(shared, key, load)))

    async def forget(self, shared: Shared, keys: Iterable[str]) -> None:
        """Later readers load anew, here at once and elsewhere as soon as the store knows."""
        known = list(keys)
        for key in known:
            self._flights.pop(key, None)
        if known:
            with suppress(CacheLostError):  # then the copies live as long as they are fresh
                await shared.drop(known)

    def _flight(
        self, key: str, fetch: Callable[[], Coroutine[Any, Any, Copy]]
    ) -> asyncio.Task[Copy]:
        """The load of `key` that is under way in this process, or a new one."""
        now = asyncio.get_running_loop().time()
        begun, task = self._flights.get(key, (0.0, None))
        if task is not None and now < begun + self.reservation:
            return task
        task = asyncio.create_task(fetch())
        self._flights[key] = now, task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._landed(key, done))
        return task

    def _landed(self, key: str, task: asyncio.Task[Copy]) -> None:
        self._tasks.discard(task)
        if self._flights.get(key, (0.0, None))[1] is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # every reader may have left; then nobody else asks for it

    async def _fetch(self, shared: Shared, key: str, load: Load) -> Copy:
        token = secrets.token_hex(8)
        try:
            old = await self._turn(shared, key, token)
        except CacheLostError:
            return await _alone(load)
        if old is not None and not old.stale:
            return old
        content = b""
        try:
            content = await load()
        except (NotContentError, Refusal, TimeoutError) as error:
            if old is None or not _origin_lost(error):
                raise
            return old
        finally:
            with suppress(CacheLostError):  # the content is in hand; the next reader pays
                await shared.finish(key, token, _packed(content, self._freshness()), self.stale)
        return Copy(content)

    async def _turn(self, shared: Shared, key: str, token: str) -> Copy | None:
        """What is kept, once it is fresh, or it is this reader's turn to load."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience
        while True:
            copy = _unpacked(await shared.look(key))
            if copy is not None and not copy.stale:
                return copy
            if await shared.reserve(key, token, self.reservation) or loop.time() > until:
                return copy
            await asyncio.sleep(self.pause)

    def _freshness(self) -> float:
        return self.fresh * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - no secret


async def _alone(load: Load) -> Copy:
    return Copy(await load())


_STAMP = struct.Struct(">dd")  # when it was made, and until when it is fresh (epoch seconds)


def _packed(content: bytes, fresh: float) -> bytes:
    now = time.time()
    return _STAMP.pack(now, now + fresh) + content if content else b""


def _unpacked(kept: bytes | None) -> Copy | None:
    if kept is None:
        return None
    made, until = _STAMP.unpack_from(kept)
    now = time.time()
    return Copy(kept[_STAMP.size :], max(0.0, now - made), now >= until)


def _origin_lost(error: Exception) -> bool:
    """Whether the origin failed, rather than had something else to say."""
    if isinstance(error, NotContentError | Refusal):
        return error.status >= _SERVER_ERROR
    return True
