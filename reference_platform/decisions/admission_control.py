"""Switch 9, "Traffic spikes": who is let in when not all can be.

Without it everybody is let in: past the knee all work is done too late for those who asked, and
one hospital's flood is every hospital's outage.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal

CLASSES = ("clinical", "routine", "bulk")
"""Who goes first; the priorities of operations."""


class AdmissionControl(Protocol):
    """Permits to work on a request."""

    def permit(
        self, tenant: str, priority: str, deadline: Deadline
    ) -> AbstractAsyncContextManager[None]:
        """Hold a permit while a request is worked on; Refusal 429 or 503 with Retry-After."""
        ...


class Pilot:
    """Whoever comes is served, all at once."""

    @asynccontextmanager
    async def permit(
        self,
        tenant: str,  # noqa: ARG002
        priority: str,  # noqa: ARG002
        deadline: Deadline,  # noqa: ARG002
    ) -> AsyncIterator[None]:
        """Always."""
        yield


class Production:
    """A quota per tenant, and a limit on concurrency that is shared fairly between tenants.

    The quota is one process's, and far above a hospital's busiest minute: it ends floods that
    last. The limit is what protects from those that do not.
    """

    def __init__(self, quota: str = "240000/minute", limiter: Limiter | None = None) -> None:
        self._quota = parse(quota)
        self._counters = FixedWindowRateLimiter(MemoryStorage())
        self._limiter = limiter or Limiter()

    @asynccontextmanager
    async def permit(self, tenant: str, priority: str, deadline: Deadline) -> AsyncIterator[None]:
        """Within the tenant's quota, and in its turn."""
        if not await self._counters.hit(self._quota, tenant):
            raise await self._over_quota(tenant)
        await self._limiter.acquire(tenant, CLASSES.index(priority), deadline.remaining())
        begun = time.monotonic()
        try:
            yield
        finally:
            self._limiter.release(tenant, time.monotonic() - begun)

    async def _over_quota(self, tenant: str) -> Refusal:
        reset = (await self._counters.get_window_stats(self._quota, tenant)).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        sentence = f"{tenant}: over its quota of {self._quota}. Ask again in {seconds} s."
        return Refusal(429, sentence, headers={"Retry-After": str(seconds)})


@dataclass(slots=True, eq=False)
class _Waiter:
    tenant: str
    rank: int
    turn: asyncio.Future[None]


class Limiter:
    """At most `permits` requests at once, and a short queue in front of them.

    The next to go is of the most urgent class that waits and, within it, of the tenant that holds
    the fewest permits. The less urgent classes leave the last permits to the more urgent ones.
    Before all that, however, a tenant that lacks some of its share goes while another has more:
    how urgent work is, is a question among the work of one hospital, so no tenant has more than
    its share for longer than one request lasts.

    Args:
        permits: for the clinical class; the others stop at `ceilings`. Fewer than the bulkheads of
            records and the cache have, so that these never refuse what was let in.
        queue: how many may wait, in all.
        patience: seconds that one may wait, or half of what its deadline leaves; who is expected
            to wait half as long is told at once, so that hardly anybody waits in vain.
    """

    def __init__(self, permits: int = 18, queue: int = 256, patience: float = 0.8) -> None:
        self.ceilings = (permits, max(1, permits * 15 // 16), max(1, permits // 2))
        self.in_use = 0
        self._queue = queue
        self._patience = patience
        self._held: Counter[str] = Counter()
        self._lines: tuple[dict[str, deque[_Waiter]], ...] = ({}, {}, {})
        self._seconds = 0.0  # that a request takes; an exponentially weighted mean

    @property
    def waiting(self) -> int:
        """How many are in the queue."""
        return sum(len(line) for _, _, line in self._all_lines())

    async def acquire(self, tenant: str, rank: int, remaining: float | None) -> None:
        """Take a permit, in turn; Refusal 503 as soon as it is known that it would be too late.

        `rank` is the place in CLASSES; `remaining` the seconds that the request has, None = any.
        """
        if self.in_use < self.ceilings[rank] and not any(self._lines[: rank + 1]):
            self._take(tenant)
            return
        patience = self._patience if remaining is None else min(self._patience, remaining / 2)
        if self._expected(tenant, rank) > patience / 2 or not self._room(tenant, rank):
            raise _busy()
        waiter = _Waiter(tenant, rank, asyncio.get_running_loop().create_future())
        self._lines[rank].setdefault(tenant, deque()).append(waiter)
        await self._wait(waiter, patience)

    def release(self, tenant: str, seconds: float) -> None:
        """Give a permit back after so many seconds, to whoever is next."""
        self._seconds += 0.1 * (seconds - self._seconds)
        self._give_back(tenant)

    async def _wait(self, waiter: _Waiter, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await waiter.turn
        except BaseException as error:
            self._leave(waiter)
            if isinstance(error, TimeoutError):
                raise _busy() from None
            raise

    def _leave(self, waiter: _Waiter) -> None:
        """Out of the line; or, when the turn came in the same moment, give the permit back."""
        line = self._lines[waiter.rank].get(waiter.tenant, ())
        if waiter in line:
            self._remove(waiter)
        elif not waiter.turn.cancelled() and waiter.turn.exception() is None:
            self._give_back(waiter.tenant)

    def _give_back(self, tenant: str) -> None:
        self.in_use -= 1
        self._held[tenant] -= 1
        if not self._held[tenant]:
            del self._held[tenant]
        self._next()

    def _next(self) -> None:
        while (waiter := self._first()) is not None:
            self._remove(waiter)
            if not waiter.turn.done():  # it may have left, and not had time to say so
                self._take(waiter.tenant)
                waiter.turn.set_result(None)

    def _first(self) -> _Waiter | None:
        """Who goes next, if there is a permit for anybody."""
        first: tuple[tuple[bool, int, int], _Waiter] | None = None
        for rank, tenant, line in self._all_lines():
            lacking = self._lacks(tenant) > 0
            order = (not lacking, rank, self._held[tenant])
            open_to = self.ceilings[0 if lacking else rank]
            if self.in_use < open_to and (first is None or order < first[0]):
                first = order, line[0]
        return first[1] if first is not None else None

    def _lacks(self, tenant: str) -> int:
        """The permits of its share that a tenant has not while another has more than its own."""
        share = self.ceilings[0] // len(self._held.keys() | {tenant})
        return share - self._held[tenant] if share < max(self._held.values(), default=0) else 0

    def _all_lines(self) -> Iterator[tuple[int, str, deque[_Waiter]]]:
        """Every line with its place in CLASSES and its tenant."""
        for rank, lines in enumerate(self._lines):
            for tenant, line in lines.items():
                yield rank, tenant, line

    def _take(self, tenant: str) -> None:
        self.in_use += 1
        self._held[tenant] += 1

    def _remove(self, waiter: _Waiter) -> None:
        lines = self._lines[waiter.rank]
        lines[waiter.tenant].remove(waiter)
        if not lines[waiter.tenant]:
            del lines[waiter.tenant]

    def _expected(self, tenant: str, rank: int) -> float:
        """Seconds that a newcomer would wait: those before it, and its share of its class."""
        mine = sum(len(lines.get(tenant, ())) for lines in self._lines[: rank + 1])
        if mine < self._lacks(tenant):
            return (mine + 1) * self._seconds / self.ceilings[0]
        urgent = sum(len(line) for lines in self._lines[:rank] for line in lines.values())
        lines = self._lines[rank]
        own = len(lines.get(tenant, ()))
        fair = sum(min(len(line), own + 1) for line in lines.values())
        return (urgent + fair + 1) * self._seconds / self.ceilings[rank]

    def _room(self, tenant: str, rank: int) -> bool:
        """Whether one more may wait; the longest line of the least urgent class makes way.

        For a tenant that lacks some of its share, any line of those who do not makes way.
        """
        if self.waiting < self._queue:
            return True
        own = len(self._lines[rank].get(tenant, ()))
        lacking = self._lacks(tenant) > 0

        def makes_way(place: int, name: str, length: int) -> bool:
            if lacking and self._lacks(name) <= 0:
                return True
            return place > rank or (place == rank and length > own + 1)

        lines = [
            (place, len(line), line)
            for place, name, line in self._all_lines()
            if makes_way(place, name, len(line))
        ]
        if not lines:
            return False
        last = max(lines, key=lambda each: each[:2])[2][-1]
        self._remove(last)
        if not last.turn.done():
            last.turn.set_exception(_busy())
        return True


def _busy() -> Refusal:
    sentence = "The platform has more to do than it can. Ask again in a second."
    return Refusal(503, sentence, headers={"Retry-After": "1"})
