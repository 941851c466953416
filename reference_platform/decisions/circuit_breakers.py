"""Switch 16, "Circuit breakers preventing cascading failures": when a dependency is left alone.

Without it a dead partner is called by every request, each of which waits for nothing; when it
comes back, all of them fall upon it at once.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Protocol

from reference_platform.dependencies import PARTNERS, NotAskedError


class State(StrEnum):
    """Closed: calls pass. Open: none does. Half-open: a few find out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Trial(Protocol):
    """A call that was let through. What it tells is heard once; what comes late is not heard."""

    def succeeded(self, seconds: float) -> None:
        """It was answered after `seconds`."""
        ...

    def failed(self) -> None:
        """It was not, and the dependency is to blame."""
        ...

    def over(self) -> None:
        """It is over: the last word of every trial; without another before, it counts nothing."""
        ...


class Breaker(Protocol):
    """The breaker of one dependency of one process."""

    @property
    def state(self) -> State:
        """What it would do with the next call, as far as the last one told."""
        ...

    def admit(self) -> Trial:
        """Let a call through, or NotAskedError at once. Whoever got a Trial ends it by `over`."""
        ...


class CircuitBreakers(Protocol):
    """The breakers of one process."""

    def breaker(self, dependency: str) -> Breaker:
        """The one breaker of `dependency`."""
        ...


class Unbroken:
    """A breaker that never breaks, and every call that passes it."""

    state = State.CLOSED

    def admit(self) -> Trial:
        """Whatever happened before."""
        return self

    def succeeded(self, seconds: float) -> None:
        """Nobody counts."""

    def failed(self) -> None:
        """Nobody counts."""

    def over(self) -> None:
        """Nothing was held."""


class Pilot:
    """No breaker: every call is made."""

    def breaker(self, dependency: str) -> Breaker:  # noqa: ARG002
        """One that never breaks."""
        return Unbroken()


@dataclass(frozen=True, slots=True)
class Limits:
    """When a breaker opens, and how it closes again.

    Attributes:
        slow: seconds from which an answer counts as slow.
        window: seconds that are looked back upon; longer, up to `memory`, while they hold fewer
            than `minimum` calls, so that a quiet edge is judged too.
        minimum: calls without which nothing is judged.
        failing, slowly: the shares of failures and of slow answers that open it.
        rest: seconds that it stays open, a quarter more or less.
        probes: calls at once while half-open; the first of them goes alone.
        proofs: good probes that close it.
    """

    slow: float
    window: float = 2.0
    memory: float = 30.0
    minimum: int = 5
    failing: float = 0.5
    slowly: float = 0.8
    rest: float = 2.0
    probes: int = 3
    proofs: int = 3


class Window:
    """The latest calls: when each ended, whether it failed, whether it was slow."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._calls: deque[tuple[float, bool, bool]] = deque()
        self._failures = self._slow = 0

    def add(self, now: float, *, failure: bool, slow: bool) -> None:
        """One more call has ended."""
        self._calls.append((now, failure, slow))
        self._failures += failure
        self._slow += slow
        while self._outdated(now):
            _, failed, dragged = self._calls.popleft()
            self._failures -= failed
            self._slow -= dragged

    def _outdated(self, now: float) -> bool:
        age = now - self._calls[0][0]
        enough = len(self._calls) > self._limits.minimum
        return age > self._limits.memory or (enough and age > self._limits.window)

    @property
    def bad(self) -> bool:
        """Whether the dependency had better be left alone."""
        count = len(self._calls)
        if count < self._limits.minimum:
            return False
        limits = self._limits
        return self._failures >= limits.failing * count or self._slow >= limits.slowly * count


class SlidingWindow:
    """A breaker that is closed over a window of calls, open for a rest, then half-open."""

    def __init__(
        self,
        dependency: str,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._dependency = dependency
        self._limits = limits
        self._clock = clock
        self._jitter = jitter
        self._period = 0
        self._until = 0.0
        self._close()

    @property
    def state(self) -> State:
        """An open one stays open until the first call after its rest."""
        return self._state

    def admit(self) -> Trial:
        """Past a closed breaker, or as a probe of a half-open one."""
        if self._state is State.CLOSED:
            return self._passage
        if self._clock() >= self._until and not self._place_left:
            self._half_open()
        if not self._place_left:
            sentence = f"{self._dependency}: fails, and is left alone. Ask again in a second."
            raise NotAskedError(sentence, after=max(1, ceil(self._until - self._clock())))
        self._probing += 1
        self._until = self._clock() + self._limits.rest  # then it is given up, if it is not back
        return Probe(self, self._period)

    @property
    def _place_left(self) -> bool:
        """Whether one more probe may go: alone at first, in company after a first proof."""
        places = self._limits.probes if self._proofs else 1
        return self._state is State.HALF_OPEN and self._probing < places

    def heard(self, period: int, seconds: float, *, failure: bool) -> None:
        """A call of `period` has ended; what an earlier period learned is out of date."""
        if period != self._period:
            return
        slow = seconds >= self._limits.slow
        if self._state is State.CLOSED:
            self._window.add(self._clock(), failure=failure, slow=slow)
            if self._window.bad:
                self._open()
        elif failure or slow:
            self._open()
        else:
            self._prove()

    def returned(self, period: int) -> None:
        """A probe of `period` is over; its place is free."""
        if period == self._period:
            self._probing -= 1

    def _prove(self) -> None:
        self._proofs += 1
        if self._proofs >= self._limits.proofs:
            self._close()

    def _close(self) -> None:
        self._enter(State.CLOSED)
        self._window = Window(self._limits)
        self._passage = Passage(self, self._period)

    def _open(self) -> None:
        self._enter(State.OPEN)
        rest = self._limits.rest
        self._until = self._clock() + self._jitter(0.75 * rest, 1.25 * rest)

    def _half_open(self) -> None:
        """After a rest; again when the last probe has been away for as long as that."""
        self._enter(State.HALF_OPEN)

    def _enter(self, state: State) -> None:
        self._state = state
        self._period += 1
        self._probing = self._proofs = 0


class Passage:
    """A call past a closed breaker; all calls of a period share it."""

    __slots__ = ("_breaker", "_period")

    def __init__(self, breaker: SlidingWindow, period: int) -> None:
        self._breaker = breaker
        self._period = period

    def succeeded(self, seconds: float) -> None:
        """As Trial has it."""
        self._breaker.heard(self._period, seconds, failure=False)

    def failed(self) -> None:
        """As Trial has it; how long a failure took does not matter."""
        self._breaker.heard(self._period, 0.0, failure=True)

    def over(self) -> None:
        """Nothing was held."""


class Probe(Passage):
    """A call through a half-open breaker: it holds one of the few places."""

    __slots__ = ()

    def over(self) -> None:
        """Give the place back."""
        self._breaker.returned(self._period)


class Production:
    """A sliding window per dependency.

    A partner is judged quickly, and its answer is slow at 0.7 s of its one. A service or the cache
    is judged by more calls over a longer time, and slow at 1.05 s: it may wait for a partner
    itself, and on a machine that is short of processors all of them stand still together. Its
    bulkhead bounds what that costs; a breaker that opens then would only add to it.
    """

    partner = Limits(slow=0.7)
    service = Limits(slow=1.05, window=5.0, minimum=20)

    def __init__(self) -> None:
        self._breakers: dict[str, SlidingWindow] = {}

    def breaker(self, dependency: str) -> Breaker:
        """The one of this process; it is made when first asked for."""
        if dependency not in self._breakers:
            limits = self.partner if dependency in PARTNERS else self.service
            self._breakers[dependency] = SlidingWindow(dependency, limits)
        return self._breakers[dependency]
