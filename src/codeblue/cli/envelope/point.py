"""One point of an envelope: one short load under a fault of one severity, and what it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace

from codeblue.cli.envelope.interruption import Interruption
from codeblue.cli.load.findings import missed_sentence
from codeblue.cli.load.proving import broken
from codeblue.envelope import Scale, Vote
from codeblue.errors import CodeblueError, JournalError, UnhealedError, UsageError
from codeblue.faults import Fault, make
from codeblue.journal.arrivals import Outcome
from codeblue.load import LoadPlan, LoadResult, RunningLoad, arrivals_of, start_load
from codeblue.load.objectives import compared
from codeblue.load.recovery import Promise, recovery
from codeblue.session import Session

CALM = 1.0
"""Seconds before an outage, to which the platform has to return."""
BACK = 2.0
"""Seconds in which it has to return, where the profile promises no other ``recovery``."""
_AFTER = 0.5  # seconds of arrivals beyond that
_TICK = 0.1


class Interrupted(Exception):
    """The search is to end with what it has."""


@dataclass(frozen=True)
class Point:
    """What one load said, and why.

    ``seconds`` is all the time it took, ``setup`` what of it was not its arrivals.
    """

    label: str
    vote: Vote
    why: str
    seconds: float
    setup: float


class Points:
    """Puts one short load after the other on the platform, each with a fault or with none."""

    def __init__(self, session: Session, plan: LoadPlan, interruption: Interruption) -> None:
        self._session = _through_the_door(session)
        self._plan = plan
        self._interruption = interruption
        self._count = 0

    def control(self) -> Point:
        """A load without a fault."""
        return self._put_on(lambda plan: self._load(plan, None), self._plan)

    def under(self, edge: str, scale: Scale, severity: float) -> Point:
        """A load under a fault of ``severity``.

        Raises:
            UsageError: there is no such fault here; nothing was broken.
            UnhealedError: it could not be healed.
            Interrupted: somebody asked for the end.
        """
        fault = make(scale.type, edge, **scale.arguments(severity))
        if not scale.lasting:
            return self._put_on(lambda plan: self._load(plan, fault), self._plan)
        promise = Promise(
            calm=(0.0, CALM), spike_ends=CALM + severity, within=_promised(self._plan)
        )
        long = self._plan.model_copy(update={"seconds": lasts(self._plan, scale)})
        return self._put_on(lambda plan: self._load(plan, fault, lasting=severity), long, promise)

    def _put_on(
        self, load: Callable[[LoadPlan], LoadResult], plan: LoadPlan, promise: Promise | None = None
    ) -> Point:
        self._count += 1
        label = f"point-{self._count:04d}"
        # A repetition is not to be the very same load.
        plan = plan.model_copy(update={"label": label, "seed": self._plan.seed + self._count})
        began = time.monotonic()
        vote, why = self._said(load, plan, promise)
        if self._interruption.asked:
            raise Interrupted("interrupted")
        took = time.monotonic() - began
        return Point(label, vote, why, took, took - plan.seconds)

    def _said(
        self, load: Callable[[LoadPlan], LoadResult], plan: LoadPlan, promise: Promise | None
    ) -> tuple[Vote, str]:
        try:
            result = load(plan)
        except (UsageError, UnhealedError, JournalError):
            raise
        except CodeblueError as error:
            return "inconclusive", str(error)
        if result.reason:
            return "inconclusive", result.reason
        promises = compared(self._session.target.objectives, result, plan)
        missed = [missed_sentence(each) for each in promises if not each.met]
        if promise is not None:
            missed += self._not_back(plan, promise)
        return ("broke", "; ".join(missed)) if missed else ("held", "")

    def _load(
        self, plan: LoadPlan, fault: Fault | None, *, lasting: float | None = None
    ) -> LoadResult:
        """The load under ``fault``, from before its start, or for ``lasting`` s in its middle."""
        with ExitStack() as breaking:
            if lasting is None:
                breaking.enter_context(self._broken(fault))
            with self._interruption.first(breaking.close):
                started = start_load(self._session, plan)
            with started as load, self._interruption.watched():
                if lasting is not None:
                    self._last(load, CALM)
                    with self._broken(fault):
                        self._last(load, lasting)
                self._last(load, None)
                if self._interruption.asked:
                    breaking.close()  # whoever waits for the end does not wait under a fault
                    return load.stop()
                return load.wait()

    def _broken(self, fault: Fault | None) -> AbstractContextManager[None]:
        return broken(self._session, fault)

    def _last(self, load: RunningLoad, seconds: float | None) -> None:
        """Wait for ``seconds``, or until the load has ended; an interruption ends it at once."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._interruption.asked:
            left = _TICK if until is None else min(_TICK, until - time.monotonic())
            if left <= 0 or load.ended(left):
                return

    def _not_back(self, plan: LoadPlan, promise: Promise) -> list[str]:
        came = arrivals_of(self._session.run, plan.label)
        try:
            found = recovery(came.due, came.latency, came.outcome == Outcome.OK, promise)
        except ValueError:
            return []
        late = found.comparable and not found.kept
        return [found.sentence.replace("the spike", "the outage")] if late else []


def lasts(plan: LoadPlan, scale: Scale) -> float:
    """Seconds of arrivals of one point; the same for all severities, so that they compare."""
    if not scale.lasting:
        return plan.seconds
    return CALM + scale.levels[-1] + _promised(plan) + _AFTER


def _promised(plan: LoadPlan) -> float:
    """Seconds in which the platform has to be back after an outage."""
    promised = [each.recovery for each in plan.objectives.values() if each.recovery]
    return min(promised, default=BACK)


def _through_the_door(session: Session) -> Session:
    """The session for journeys that use the edge in front of the platform, where there is one."""
    target = session.target
    scheme, _, address = session.base_url.partition("://")
    for edge in target.edges.values():
        if edge.upstream == address:
            door = target.model_copy(update={"base_url": f"{scheme}://{edge.listen}"})
            return replace(session, target=door)
    return session
