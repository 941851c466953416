"""What one load showed, and what that comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from codeblue.checks import Check
from codeblue.cli.load.kept import PROMISE, Kept, read_back
from codeblue.journal.arrivals import Outcome
from codeblue.load import LoadPlan, LoadResult
from codeblue.load.objectives import Measured, against_objectives
from codeblue.load.recovery import Recovery, recovery
from codeblue.load.result import arrivals_of
from codeblue.session import Session


@dataclass(frozen=True)
class Findings:
    """A load, and what was looked at after it."""

    plan: LoadPlan
    result: LoadResult
    promises: list[Measured]
    kept: Kept
    recovery: Recovery | None
    interrupted: bool

    @property
    def missed(self) -> list[Measured]:
        """The objectives that were not met."""
        return [promise for promise in self.promises if not promise.met]

    @property
    def doubt(self) -> str:
        """Why the load says nothing about the platform; empty when it does."""
        if self.interrupted:
            done, planned = self.result.seconds, self.plan.seconds
            return f"interrupted after {done:.1f} of {planned:g} s"
        if self.recovery is not None and not self.recovery.comparable:
            return self.recovery.sentence
        return self.result.reason or self.kept.unknown

    def fields(self) -> dict[str, Any]:
        """For the JSON object."""
        return {
            **self.result.fields(),
            "seconds": self.result.seconds,
            "objectives": [asdict(promise) for promise in self.promises],
            **self.kept.fields(),
            "recovery": None if self.recovery is None else asdict(self.recovery),
            "interrupted": self.interrupted,
        }


def examined(
    session: Session, plan: LoadPlan, result: LoadResult, *, interrupted: bool, skew: float
) -> Findings:
    """Everything that can be said about ``result``, put on record; see ``read_back``."""
    return Findings(
        plan=plan,
        result=result,
        promises=against_objectives(session, result, plan),
        kept=read_back(session, [plan.label], skew=skew),
        recovery=None if interrupted else _recovery(session, plan),
        interrupted=interrupted,
    )


def judge(check: Check, found: Findings) -> None:
    """Decide: a broken ledger counts whatever else happened, the rest only after a fair load.

    Raises:
        CheckBroke, Inconclusive: what the load came to, when that is not a pass.
    """
    if not found.kept.broke and found.doubt:
        check.inconclusive(found.doubt)
    late = found.recovery is not None and not found.recovery.kept
    check.judge(
        broke=found.kept.broke or bool(found.missed) or late,
        measured="; ".join(_measured(found)),
        threshold="; ".join(_thresholds(found)),
        evidence={
            "missed": [missed_sentence(promise) for promise in found.missed],
            "not kept": found.kept.evidence,
            "lateness_p99_ms": found.result.lateness_p99_ms,
        },
    )


def counts_sentence(result: LoadResult) -> str:
    """What became of the arrivals, in words."""
    return (
        f"{result.issued:,} arrivals: {result.ok:,} ok, {result.failed:,} failed, "
        f"{result.dropped:,} dropped, {result.in_flight:,} unanswered at the end"
    )


def missed_sentence(promise: Measured) -> str:
    """An objective that was not met, in words."""
    form = ".5g" if promise.unit == "%" else ",.0f"
    measured, threshold = format(promise.measured, form), format(promise.threshold, ",g")
    return f"{promise.journey}: {promise.objective} {measured} {promise.unit}, not {threshold}"


def _recovery(session: Session, plan: LoadPlan) -> Recovery | None:
    if plan.recovery is None:
        return None
    came = arrivals_of(session.run, plan.label)
    found = recovery(came.due, came.latency, came.outcome == Outcome.OK, plan.recovery)
    session.journal.event(
        "recovery",
        load=plan.label,
        **asdict(found),
        kept=found.kept,
        comparable=found.comparable,
        sentence=found.sentence,
    )
    return found


def _measured(found: Findings) -> Iterator[str]:
    yield counts_sentence(found.result)
    yield f"{len(found.promises) - len(found.missed)} of {len(found.promises)} objectives met"
    if found.recovery is not None:
        yield found.recovery.sentence
    yield found.kept.sentence


def _thresholds(found: Findings) -> Iterator[str]:
    yield "every objective of every stream"
    if found.recovery is not None:
        yield f"back to the baseline within {found.recovery.promised:g} s"
    yield PROMISE
