"""A load as a check: a trickle first, then the load, then everything that it left behind."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from codeblue.checks import Check
from codeblue.cli.load.findings import Findings, examined
from codeblue.cli.load.watching import Watch
from codeblue.faults import Fault, ground_of, injected
from codeblue.load import LoadPlan
from codeblue.load.planning.plan import Stream
from codeblue.session import Session

_TRICKLE = 1.0  # seconds
_TWICE = 2.0  # arrivals of every stream per second of it


def prove(
    session: Session, plan: LoadPlan, fault: Fault | None, check: Check, watch: Watch
) -> Findings:
    """Put ``plan`` on the platform, under ``fault`` when there is one, and look at what came of it.

    Raises:
        Inconclusive: the journeys do not work without load, or the load could not be put on.
    """
    with check.control():
        trickle(session, plan, check, watch)
    with check.stressor(), broken(session, fault):
        watch.screen.doing(f"load {plan.label} {said(fault)}".rstrip())
        result = watch.load(session, plan)
    with check.oracle():
        watch.screen.doing("reading back what was acknowledged")
        interrupted, skew = watch.interruption.asked, watch.skew
        return examined(session, plan, result, interrupted=interrupted, skew=skew)


def trickle(session: Session, plan: LoadPlan, check: Check, watch: Watch) -> None:
    """The control: every stream twice, with nothing else going on; each has to work once.

    Raises:
        Inconclusive: one does not, so a load would say nothing about what load does.
    """
    watch.screen.doing("control: every journey without load")
    usual = watch.here().load(session, _trickle(plan))
    if watch.interruption.asked:
        check.inconclusive("interrupted before the load began")
    # Late or not: here it counts only that every journey works.
    if failing := [name for name, journey in usual.journeys.items() if not journey.ok]:
        also = f" ({usual.reason})" if usual.reason else ""
        names = ", ".join(failing)
        check.inconclusive(f"the control failed: {names} fails even without load{also}")


def broken(session: Session, fault: Fault | None) -> AbstractContextManager[None]:
    """``fault`` in place for the length of the block, if there is one."""
    if fault is None:
        return nullcontext()
    return injected(fault, ground_of(session), session.journal)


def said(fault: Fault | None) -> str:
    """The fault in words, or nothing."""
    return "" if fault is None else f"under {fault.type} on {fault.place}"


def _trickle(plan: LoadPlan) -> LoadPlan:
    streams = {
        name: Stream(rate=_TWICE, journey=stream.journey, tenant=stream.tenant)
        for name, stream in plan.journeys.items()
    }
    return LoadPlan(
        label=f"{plan.label}-control",
        journeys=streams,
        seconds=_TRICKLE,
        arrivals="constant",
        seed=plan.seed,
        drain=plan.drain,
    )
