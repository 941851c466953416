"""The record of a run -> the rows of the sections of its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeblue.render._checks import CheckRecord
from codeblue.render._record import Objective, RunRecord
from codeblue.render._report import CheckResult
from codeblue.render._wording import Wording
from codeblue.verdict import ExitCode, Verdict, worst

_DECIDED = (Verdict.PASS, Verdict.FAIL)
_MINUTES_A_YEAR = 365 * 24 * 60


@dataclass(frozen=True)
class RiskRow:
    """One of the five risks, with what was measured of it."""

    risk: str
    title: str
    pilot_condition: str
    production_challenge: str
    engineering_solution: str
    verdict: Verdict
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True)
class OpenGap:
    """A decision that is missing, what goes wrong without it, and the checks that failed for it.

    A failed check that names no decision is a gap of its own.
    """

    name: str
    without: str
    remedy: str
    checks: tuple[CheckRecord, ...]


@dataclass(frozen=True)
class Budget:
    """An objective with what is left of what it allows.

    ``left`` is a share: 1 untouched, 0 spent, negative overspent; None when nothing is allowed or
    nothing was measured. ``allows`` says in words what an availability allows in a year.
    """

    objective: Objective
    left: float | None
    allows: str


@dataclass(frozen=True)
class SwitchRow:
    """An engineering decision with the checks that examined it."""

    name: str
    verdict: Verdict
    checks: tuple[CheckResult, ...]


def risk_rows(checks: Sequence[CheckResult], wording: Wording, *, complete: bool) -> list[RiskRow]:
    """The five risks in order, then any other that a check names; see :func:`merged`."""
    others: dict[str, dict[str, str]] = {
        check.risk: {} for check in checks if check.risk not in wording.risks
    }
    return [
        _risk_row(risk, words, tuple(c for c in checks if c.risk == risk), complete=complete)
        for risk, words in {**wording.risks, **others}.items()
    ]


def _risk_row(
    risk: str, words: dict[str, str], checks: tuple[CheckResult, ...], *, complete: bool
) -> RiskRow:
    return RiskRow(
        risk=risk,
        title=words.get("title", risk or "Unnamed risk"),
        pilot_condition=words.get("pilot_condition", ""),
        production_challenge=words.get("production_challenge", ""),
        engineering_solution=words.get("engineering_solution", ""),
        verdict=merged(checks, complete=complete),
        checks=checks,
    )


def merged(checks: Sequence[CheckResult], *, complete: bool) -> Verdict:
    """The worst verdict of those that were exercised.

    A run that came to its end left checks out because its suite does; they are listed beside the
    verdict. In a run that did not, they count: what was still to come might have failed.
    """
    exercised = [c.verdict for c in checks if c.verdict is not Verdict.NOT_EXERCISED]
    return worst(exercised if complete else [check.verdict for check in checks])


def outcome(check: CheckResult, reason: str = "") -> str:
    """Why a check could not decide, or else what it measured."""
    if check.verdict is Verdict.INCONCLUSIVE and reason:
        return reason
    return check.measured or reason


def outcome_line(check: CheckResult, reason: str, wording: Wording) -> str:
    """A check in one line: its mark, its id, its outcome."""
    words: dict[str, str] = wording.sentences["verdict"].get(str(check.verdict), {})
    said = "not exercised" if check.verdict is Verdict.NOT_EXERCISED else outcome(check, reason)
    return f"{words.get('mark', '?')} {check.id}: {said}"


def open_gaps(record: RunRecord, wording: Wording) -> list[OpenGap]:
    """The gaps that failed checks show, in the order of the checks."""
    failed = [check for check in record.checks if check.result.verdict is Verdict.FAIL]
    keys = dict.fromkeys(key for check in failed for key in check.result.examines)
    gaps = [
        OpenGap(
            **_switch(key, wording),
            checks=tuple(check for check in failed if key in check.result.examines),
        )
        for key in keys
    ]
    alone = (check for check in failed if not check.result.examines)
    return gaps + [OpenGap(check.title, "", "", (check,)) for check in alone]


def _switch(key: str, wording: Wording) -> dict[str, str]:
    words = wording.switches.get(key, {})
    name = words.get("name", key.replace("_", " "))
    return {"name": name, "without": words.get("without", ""), "remedy": words.get("remedy", "")}


def budgets(objectives: Sequence[Objective]) -> list[Budget]:
    """Each objective with its error budget or, for latencies and times, its margin."""
    return [Budget(item, _left(item), _allows(item)) for item in objectives]


def _left(item: Objective) -> float | None:
    if item.measured is None:
        return None
    if item.objective == "availability":
        ceiling = _ceiling(item)
        spent, allowed = ceiling - item.measured, ceiling - item.threshold
    else:
        spent, allowed = item.measured, item.threshold
    return 1 - spent / allowed if allowed > 0 else None


def _ceiling(item: Objective) -> float:
    return 100.0 if item.unit in ("%", "percent") or item.threshold > 1 else 1.0


def _allows(item: Objective) -> str:
    if item.objective != "availability":
        return ""
    share = 1 - item.threshold / _ceiling(item)
    hours, minutes = divmod(round(_MINUTES_A_YEAR * min(max(share, 0.0), 1.0)), 60)
    return f"allows {hours:,} h {minutes} min a year"


def switch_rows(checks: Sequence[CheckResult], wording: Wording) -> list[SwitchRow]:
    """Every known decision, examined or not, then any other that a check names."""
    named = dict.fromkeys([*wording.switches, *(key for check in checks for key in check.examines)])
    rows = []
    for key in named:
        mine = tuple(check for check in checks if key in check.examines)
        verdict = worst(check.verdict for check in mine)
        rows.append(SwitchRow(_switch(key, wording)["name"], verdict, mine))
    return rows


def headline(record: RunRecord, wording: Wording) -> str:
    """The one sentence that the run comes to."""
    tally = Counter(check.result.verdict for check in record.checks)
    facts = {
        "target": record.target,
        "passed": tally[Verdict.PASS],
        "failed": tally[Verdict.FAIL],
        "decided": sum(tally[verdict] for verdict in _DECIDED),
        "total": len(record.checks),
    }
    sentence = wording.say("headline", _headline_name(record), **facts)
    return sentence[:1].upper() + sentence[1:]


def _headline_name(record: RunRecord) -> str:
    if record.exit is ExitCode.UNHEALED:
        return "unhealed"
    if record.exit is ExitCode.NOTHING_RAN:
        return "nothing"
    return record.verdict if record.checks else f"{record.verdict}_without_checks"


def limits(record: RunRecord, wording: Wording) -> list[str]:
    """What a reader has to know before trusting the numbers."""
    sentences: list[str] = list(wording.sentences["limits"]["standing"])
    late = [load.lateness_p99_ms for load in record.loads if load.lateness_p99_ms is not None]
    in_flight = sum(load.in_flight for load in record.loads)
    if late:
        sentences.append(wording.say("limits", "honest", lateness=f"{max(late):,.1f}"))
    else:
        sentences.append(wording.say("limits", "unknown_honesty" if record.loads else "no_load"))
    if in_flight:
        sentences.append(wording.say("limits", "unanswered", in_flight=f"{in_flight:,}"))
    if record.patients:
        seeded = ", ".join(f"{count:,} in {tenant}" for tenant, count in record.patients.items())
        sentences.append(wording.say("limits", "patients", patients=seeded))
    return sentences


def broken_edges(record: RunRecord) -> list[dict[str, Any]]:
    """Each kind of fault on each edge: how often it was injected, and how often seen healed."""
    kinds = dict.fromkeys((fault.edge, fault.type) for fault in record.faults)
    rows = []
    for edge, kind in kinds:
        mine = [f for f in record.faults if (f.edge, f.type) == (edge, kind)]
        healed = sum(fault.end is not None and fault.verified for fault in mine)
        rows.append({"edge": edge, "type": kind, "times": len(mine), "healed": healed})
    return rows
