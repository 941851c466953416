"""The breakpoint of the platform: without a fault, and under one when it is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from codeblue.checks import Check
from codeblue.cli.load.findings import missed_sentence
from codeblue.cli.load.kept import PROMISE, Kept, read_back
from codeblue.cli.load.proving import broken, said, trickle
from codeblue.cli.load.watching import Watch
from codeblue.errors import UsageError
from codeblue.faults import Fault
from codeblue.load import LoadPlan, LoadResult
from codeblue.load.breakpoint import Breakpoint, Outcome, Search, find_breakpoint
from codeblue.load.objectives import compared
from codeblue.session import Session

NO_FAULT = "without a fault"
_REST = 3.0  # seconds for a platform that broke to get rid of what was left of the trial
_STYLES = {"held": "green", "broke": "red", "inconclusive": "yellow"}


@dataclass(frozen=True)
class Searched:
    """The breakpoints that were found, by the condition they hold under; the first is none."""

    search: Search
    breakpoints: dict[str, Breakpoint]
    kept: Kept
    trials: int
    interrupted: bool

    @property
    def doubt(self) -> str:
        """Why the search says nothing about the platform; empty when it does."""
        if self.interrupted:
            return f"interrupted after {self.trials} trials"
        for found in self.breakpoints.values():
            if not found.complete or (found.held is None and found.limit == "generator"):
                return found.sentence
        return self.kept.unknown

    @property
    def sentence(self) -> str:
        """All that was found, in words."""
        return "; ".join(f"{name}: {found.sentence}" for name, found in self.breakpoints.items())

    def fields(self) -> dict[str, Any]:
        """For the JSON object."""
        return {
            "search": {
                name: {**asdict(found), "sentence": found.sentence}
                for name, found in self.breakpoints.items()
            },
            **self.kept.fields(),
            "interrupted": self.interrupted,
        }


class _Interrupted(Exception):
    """The search is to end with what it has."""


def search(
    session: Session, plan: LoadPlan, fault: Fault | None, check: Check, watch: Watch
) -> Searched:
    """Search with trials of ``plan``, then again under ``fault``, and read back all of them.

    Raises:
        Inconclusive: the journeys do not work without load, or a load could not be put on.
    """
    with check.control():
        trickle(session, plan, check, watch)
    trials = _Trials(session, plan, watch)
    with check.stressor():
        found = trials.searched(dict.fromkeys((None, fault)))
    with check.oracle():
        watch.screen.doing("reading back what was acknowledged")
        kept = read_back(session, trials.labels)
    return Searched(trials.search, found, kept, len(trials.labels), watch.interruption.asked)


def judge(check: Check, found: Searched) -> None:
    """Decide: the objectives have to be met at some rate, and whatever was acknowledged kept.

    Raises:
        CheckBroke, Inconclusive: what the search came to, when that is not a pass.
    """
    if not found.kept.broke and found.doubt:
        check.inconclusive(found.doubt)
    nowhere = any(each.held is None for each in found.breakpoints.values())
    lowest = f"{found.search.lowest:g} arrivals/s"
    check.judge(
        broke=found.kept.broke or nowhere,
        measured=f"{found.sentence}; {found.kept.sentence}",
        threshold=f"the objectives are met at {lowest} or more; {PROMISE}",
        evidence={
            "trials": {
                name: [f"{trial.rate:.4g}/s {trial.outcome.verdict}" for trial in each.trials]
                for name, each in found.breakpoints.items()
            },
            "not kept": found.kept.evidence,
        },
    )


class _Trials:
    """Puts one load after the other on the platform, and says of each whether it was too much."""

    def __init__(self, session: Session, plan: LoadPlan, watch: Watch) -> None:
        if plan.search is None:
            raise UsageError(f"load profile {plan.label}: it has no [search] section. Add one.")
        self.search = plan.search
        self.labels: list[str] = []
        self._session = session
        self._plan = plan
        self._watch = watch

    def searched(self, faults: Iterable[Fault | None]) -> dict[str, Breakpoint]:
        """The breakpoint under each of ``faults``; without those that an interruption left out."""
        found: dict[str, Breakpoint] = {}
        for fault in faults:
            condition = said(fault) or NO_FAULT
            try:
                with broken(self._session, fault):
                    trial = partial(self._trial, condition)
                    found[condition] = find_breakpoint(trial, self.search)
            except _Interrupted:
                break
            self._record(condition, found[condition])
        return found

    def _trial(self, condition: str, rate: float) -> Outcome:
        number = len(self.labels) + 1
        self._watch.screen.doing(f"trial {number}: {rate:.4g} arrivals/s, {condition}")
        seed = self._plan.seed + number  # a repetition is not to be the very same load
        plan = self._plan.at(rate, label=f"{self._plan.label}-{number}", seed=seed)
        self.labels.append(plan.label)
        result = self._watch.load(self._session, plan)
        if self._watch.interruption.asked:
            raise _Interrupted
        outcome = self._outcome(plan, result)
        why = f": {outcome.why}" if outcome.why else ""
        text = f"{rate:8.4g}/s, {condition}: {outcome.verdict}{why}"
        self._watch.screen.tell(text, _STYLES[outcome.verdict])
        if outcome.verdict == "broke":
            time.sleep(_REST)
        return outcome

    def _outcome(self, plan: LoadPlan, result: LoadResult) -> Outcome:
        if result.reason:
            return Outcome("inconclusive", result.reason)
        promises = compared(self._session.target.objectives, result, plan)
        missed = [missed_sentence(promise) for promise in promises if not promise.met]
        return Outcome("broke", "; ".join(missed)) if missed else Outcome("held")

    def _record(self, condition: str, found: Breakpoint) -> None:
        self._session.journal.event(
            "search",
            load=self._plan.label,
            condition=condition,
            **asdict(found),
            sentence=found.sentence,
        )
