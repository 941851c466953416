"""The probe that watches one journey while others put load on a broken dependency."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from codeblue.chaos import baseline
from codeblue.chaos.held import suspended
from codeblue.chaos.probes.measure import Measure
from codeblue.checks.confirm import confirmed
from codeblue.errors import CodeblueError, UsageError, did_you_mean
from codeblue.load import LoadPlan, LoadResult, run_load
from codeblue.load.planning.plan import Stream
from codeblue.session import Session, attach

# Below this a p95 on a shared machine says more about the machine than about the platform, so a
# control that is faster counts as this fast.
_FLOOR_MS = 10.0
_DRAIN = 1.5
_RECOVERIES = 3


def under_load(
    journeys: Mapping[str, float],
    seconds: float = 4.0,
    watch: str = "chart-review",
    ratio: float = 3.0,
    success: float = 0.99,
) -> Measure:
    """Let ``journeys`` (name: arrivals per second) arrive for ``seconds``; watch one of them.

    The first call in an experiment is the control; a later one is compared with it, so both come
    from the same run on the same machine. A control that fails, and a result worse than ``ratio``
    times the control's p95 or than a share of ``success``, count only when a repetition confirms
    them. Between two attempts under a fault the platform recovers without it: an open circuit
    breaker would hide the second time what it let through the first time.
    ``{success, p95_ms, control_p95_ms, ratio, others}`` is the last attempt, all of them are under
    ``attempts``.

    Raises:
        CodeblueError: a journey fails without the fault, no journey feels the fault, or the load
            generator itself was too slow to measure anything.
    """
    if watch not in journeys:
        raise UsageError(f'watch: "{watch}" does not arrive. {did_you_mean(watch, journeys)}')
    session = attach()
    key = f"under_load:{sorted(journeys.items())}:{watch}"
    control = baseline.recall(key)
    attempts: list[Measure] = []

    def exceeds() -> bool:
        stage = "control" if control is None else "fault"
        if control is not None and attempts:
            with suspended(session):
                _recover(session, journeys, seconds, success)
        result = _run(session, journeys, seconds, f"{watch}-{stage}")
        attempts.append(_measure(result, watch, control))
        weak = control is None and min(attempts[-1]["others"].values(), default=1.0) < success
        return bool(result.reason) or weak or _worse(attempts[-1], ratio, success)

    confirmed(exceeds)
    measure = {**attempts[-1], "attempts": attempts}
    if measure["reason"]:
        raise CodeblueError(f"the load proves nothing, twice: {measure['reason']}.")
    if control is None:
        _require_working(measure, success)
        baseline.remember(key, measure["p95_ms"])
    elif min(measure["others"].values(), default=0.0) >= success:
        raise CodeblueError(
            "the fault was not felt: the other journeys succeed as they do without it. "
            "Check that the platform looks for this dependency at the edge's listen address."
        )
    return measure


def _recover(
    session: Session, journeys: Mapping[str, float], seconds: float, success: float
) -> None:
    """Let the journeys arrive until they succeed again; who watches says if that never happens."""
    for _ in range(_RECOVERIES):
        result = _run(session, journeys, seconds, "recovery")
        if all(each.ok >= success * each.issued for each in result.journeys.values()):
            return


def _worse(measure: Measure, ratio: float, success: float) -> bool:
    return bool(measure["success"] < success or measure["ratio"] > ratio)


def _run(session: Session, journeys: Mapping[str, float], seconds: float, label: str) -> LoadResult:
    plan = LoadPlan(
        label=f"{label}-{secrets.token_hex(2)}",
        journeys={name: Stream(rate=rate) for name, rate in journeys.items()},
        seconds=seconds,
        seed=session.seed,
        drain=_DRAIN,
    )
    return run_load(session, plan)


def _measure(result: LoadResult, watch: str, control_p95: float | None) -> Measure:
    shares = {
        name: round(journey.ok / journey.issued if journey.issued else 0.0, 4)
        for name, journey in result.journeys.items()
    }
    share = shares.pop(watch)
    p95 = result.journeys[watch].p95 or 0.0
    before = p95 if control_p95 is None else control_p95
    times = max(p95, _FLOOR_MS) / max(before, _FLOOR_MS)
    return {
        "success": share,
        "p95_ms": p95,
        "control_p95_ms": before,
        "ratio": round(times, 2),
        "others": shares,
        "reason": result.reason,
        "measured": f"{watch}: {share:.1%} succeeded, p95 {p95:.0f} ms"
        + ("" if control_p95 is None else f" ({before:.0f} ms without the fault)"),
    }


def _require_working(measure: Measure, success: float) -> None:
    shares = {"the watched journey": measure["success"], **measure["others"]}
    for name, share in shares.items():
        if share < success:
            raise CodeblueError(
                f"control: only {share:.1%} of {name} succeed without the fault, "
                "so nothing can be said about it."
            )
