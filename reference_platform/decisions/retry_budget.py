"""Switch 18, "Failure recovery mechanisms": what is tried again, by whom, and how often.

Without it every layer repeats what the layer below has repeated before: one request becomes 27,
and a dependency that was only short of breath is trampled down.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import stamina

from reference_platform.dependencies import (
    PARTNERS,
    AnsweredError,
    LostError,
    NotAskedError,
    retry_after,
)
from reference_platform.outcomes import Refusal

_T = TypeVar("_T")
_SERVER_ERROR = 500


class Retry(Protocol):
    """How calls of one edge are repeated."""

    async def run(
        self, call: Callable[[], Awaitable[_T]], spare: Callable[[], float], *, repeatable: bool
    ) -> _T:
        """The result of `call`, or its last error.

        Args:
            call: one attempt.
            spare: the seconds that may pass before another whole attempt begins; negative when
                there is no time for one.
            repeatable: whether doing it twice is as good as doing it once.
        """
        ...


class RetryBudget(Protocol):
    """The retries of one process."""

    def retry(self, dependency: str) -> Retry:
        """How calls of `dependency` are repeated."""
        ...


def failed(error: Exception) -> bool:
    """Whether `error` is a failure, not an answer: everything but a refusal below 500."""
    return not isinstance(error, Refusal) or error.status >= _SERVER_ERROR


class Immediate:
    """Three attempts without a pause, whatever it was that failed."""

    attempts = 3

    async def run(
        self,
        call: Callable[[], Awaitable[_T]],
        spare: Callable[[], float],  # noqa: ARG002
        *,
        repeatable: bool,  # noqa: ARG002
    ) -> _T:
        """The first result, or the third error."""
        for _ in range(self.attempts - 1):
            try:
                return await call()
            except Exception as error:
                if not failed(error):
                    raise
        return await call()


class Doubled(Immediate):
    """An adapter's loop around the loop of its client: nine attempts."""

    async def run(
        self, call: Callable[[], Awaitable[_T]], spare: Callable[[], float], *, repeatable: bool
    ) -> _T:
        """The first result, or the ninth error."""
        inner = super().run
        return await super().run(
            lambda: inner(call, spare, repeatable=repeatable), spare, repeatable=repeatable
        )


class Pilot:
    """Each layer means well: the gateway, the hub's adapter, and the client that it uses."""

    def retry(self, dependency: str) -> Retry:
        """Three attempts; three by three for a partner: 27 from the gateway to the insurer."""
        return Doubled() if dependency in PARTNERS else Immediate()


class Budget:
    """A token bucket: every call pays a tenth in, every retry takes one out."""

    share = 0.1
    burst = 5.0

    def __init__(self) -> None:
        self._tokens = self.burst

    def earn(self) -> None:
        """A call was made."""
        self._tokens = min(self.burst, self._tokens + self.share)

    def spend(self) -> bool:
        """Whether there is enough for a retry; then it is gone."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Budgeted:
    """Two retries at most, after full jitter, within a budget and the deadline.

    Args:
        lost_only: repeat only what got no connection, or lost it; whoever answers at all has
            dealt with its own failures already.
    """

    attempts = 3
    pause = 0.1
    """Seconds: each pause is drawn between 0 and this (full jitter)."""

    def __init__(self, *, lost_only: bool) -> None:
        self._lost_only = lost_only
        self._budget = Budget()

    async def run(
        self, call: Callable[[], Awaitable[_T]], spare: Callable[[], float], *, repeatable: bool
    ) -> _T:
        """The first result; the last error once it may not be repeated."""
        self._budget.earn()
        try:
            return await call()
        except Exception as error:
            if not (repeatable and self._transient(error)):
                raise
            return await self._repeat(error, call, spare)

    async def _repeat(
        self,
        error: Exception | None,
        call: Callable[[], Awaitable[_T]],
        spare: Callable[[], float],
    ) -> _T:
        """What failed is stamina's first attempt; calls that go well never meet it."""
        async for attempt in stamina.retry_context(
            on=lambda latest: self._wait(latest, spare()),
            attempts=self.attempts,
            timeout=None,
            wait_initial=0,
            wait_jitter=self.pause,
        ):
            with attempt:
                if error is not None:
                    first, error = error, None
                    raise first
                return await call()
        raise AssertionError  # stamina returns or raises

    def _wait(self, error: Exception, spare: float) -> bool | float:
        """Whether to go on; seconds when the dependency said how long to wait."""
        asked = retry_after(error)
        if not self._transient(error) or (asked or 0.0) + self.pause > spare:
            return False
        if not self._budget.spend():
            return False
        return True if asked is None else asked + random.uniform(0, self.pause)  # noqa: S311

    def _transient(self, error: Exception) -> bool:
        if self._lost_only:
            return isinstance(error, LostError | ConnectionError)
        if isinstance(error, NotAskedError):
            return False
        if isinstance(error, Refusal):
            return failed(error)
        return isinstance(error, AnsweredError | OSError)


class Production:
    """One layer repeats: the one next to a partner. Between services only a lost connection is."""

    def __init__(self) -> None:
        self._retries: dict[str, Budgeted] = {}

    def retry(self, dependency: str) -> Retry:
        """The one of this process: its calls share a budget."""
        if dependency not in self._retries:
            self._retries[dependency] = Budgeted(lost_only=dependency not in PARTNERS)
        return self._retries[dependency]
