"""One dependency of one process, and everything that was decided about calling it.

From the outside in: retry, circuit breaker, bulkhead, timeout, the attempt. Each try is a call of
its own to the breaker, and one that the bulkhead refuses says nothing about the dependency.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from opentelemetry.trace import SpanKind

from reference_platform.decisions import Decisions
from reference_platform.decisions.circuit_breakers import State, Trial
from reference_platform.decisions.retry_budget import failed
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.dependencies import (
    UNOBSERVED,
    AnsweredError,
    EdgeObserver,
    LostError,
    NotAskedError,
)

__all__ = ["UNOBSERVED", "AnsweredError", "Edge", "EdgeObserver", "LostError", "NotAskedError"]

_T = TypeVar("_T")
_FAIR = 0.5  # the share of an edge's time that a call must have had before it blames anybody


class Edge:
    """The guarded way from `service` to `dependency`; one per process and dependency.

    Args:
        service: who calls.
        dependency: who is called; a name that bulkheads knows.
        decisions: those of this process.
        observer: hears of every attempt; without one, whoever was decided.
    """

    def __init__(
        self,
        service: str,
        dependency: str,
        decisions: Decisions,
        observer: EdgeObserver | None = None,
    ) -> None:
        self.service = service
        self.dependency = dependency
        self._timeout = decisions.timeouts_deadlines.limit(dependency)
        self._bulkheads = decisions.bulkheads
        self._breaker = decisions.circuit_breakers.breaker(dependency)
        self._retry = decisions.retry_budget.retry(dependency)
        observability = decisions.built_in_observability
        self._observer = observer or observability.edge(service, dependency)
        self._spanned = observability.span
        self._shown = State.CLOSED

    @property
    def state(self) -> State:
        """The state of its circuit breaker."""
        return self._breaker.state

    async def call(
        self,
        deadline: Deadline,
        attempt: Callable[[Deadline], Awaitable[_T]],
        *,
        repeatable: bool,
    ) -> _T:
        """The result of `attempt`, made once or, if it is `repeatable`, more often.

        `attempt` gets the deadline of this one attempt, which ends it. It raises whatever it
        likes: a Refusal below 500 is an answer; everything else is a failure of the dependency.
        Raises NotAskedError (503) when the breaker is open or the bulkhead full, TimeoutError,
        or what the last attempt raised.
        """
        return await self._retry.run(
            lambda: self._once(deadline, attempt),
            lambda: self._spare(deadline),
            repeatable=repeatable,
        )

    def _spare(self, deadline: Deadline) -> float:
        left = deadline.remaining()
        return math.inf if left is None else left - (self._timeout or 0.0)

    async def _once(self, deadline: Deadline, attempt: Callable[[Deadline], Awaitable[_T]]) -> _T:
        trial = self._admitted()
        asked = False
        try:
            async with self._bulkheads.permit(self.dependency):
                asked = True
                with self._spanned(f"{self.service}>{self.dependency}", SpanKind.CLIENT):
                    return await self._timed(trial, deadline.within(self._timeout), attempt)
        except NotAskedError:
            if not asked:
                self._observer.outcome("full", 0.0)
            raise
        finally:
            trial.over()
            self._show()

    def _admitted(self) -> Trial:
        try:
            return self._breaker.admit()
        except NotAskedError:
            self._observer.outcome("open", 0.0)
            raise

    async def _timed(
        self, trial: Trial, limit: Deadline, attempt: Callable[[Deadline], Awaitable[_T]]
    ) -> _T:
        given, began = limit.remaining(), monotonic()
        try:
            async with limit.scope():
                result = await attempt(limit)
        except BaseException as error:
            name = _outcome(error, limit)
            self._blame(trial, name, given, monotonic() - began)
            raise
        self._blame(trial, "success", given, monotonic() - began)
        return result

    def _blame(self, trial: Trial, outcome: str, given: float | None, seconds: float) -> None:
        """Tell the breaker; whoever came with hardly any time left has nothing to tell."""
        hurried = given is not None and given < _FAIR * (self._timeout or 0.0)
        if outcome == "success":
            trial.succeeded(seconds)
        elif outcome == "behind":
            trial.succeeded(0.0)  # it is well, and not to blame for how long it waited
        elif outcome == "failure" or (outcome == "timeout" and not hurried):
            trial.failed()
        self._observer.outcome(outcome, seconds)

    def _show(self) -> None:
        if self._breaker.state is not self._shown:
            self._shown = self._breaker.state
            self._observer.breaker(self._shown)


def _outcome(error: BaseException, limit: Deadline) -> str:
    """What an attempt that raised `error` is called; see EdgeObserver."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, AnsweredError) and not error.own:
        return "behind"
    if isinstance(error, Exception):
        return "failure" if failed(error) else "success"
    # The caller's own deadline may strike in the same instant, and then cancels instead.
    return "timeout" if limit.remaining() == 0.0 else "cancelled"
