"""The pilot-to-production table: two reports, one row per risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codeblue.journal import read_events
from codeblue.render._page import style
from codeblue.render._record import run_record
from codeblue.render._report import CheckResult, Report
from codeblue.render._sections import RiskRow, outcome_line, risk_rows
from codeblue.render._templates import fill_html, fill_markdown
from codeblue.render._wording import Wording, read_wording
from codeblue.verdict import ExitCode, Verdict


@dataclass(frozen=True)
class GapCell:
    """What one run measured of one risk: the worst verdict, and a line per check.

    As text it is short enough for a terminal: how many of the exercised checks passed.
    """

    verdict: Verdict
    measured: tuple[str, ...]
    passed: int
    exercised: int

    def __str__(self) -> str:
        return f"{str(self.verdict).capitalize()}: {self.passed} of {self.exercised} held"


@dataclass(frozen=True)
class GapRow:
    """A row of the table: the words of the risk, and what each run measured."""

    risk: str
    pilot_condition: str
    production_challenge: str
    engineering_solution: str
    pilot: GapCell
    production: GapCell

    def cells(self) -> tuple[str, ...]:
        """The row as short plain text, in the order of ``GapTable.columns``."""
        return (
            self.risk,
            self.pilot_condition,
            self.production_challenge,
            self.engineering_solution,
            str(self.pilot),
            str(self.production),
        )


@dataclass(frozen=True)
class CheckPair:
    """The same check in both runs; None where a run does not know it."""

    id: str
    threshold: str
    pilot: CheckResult | None
    production: CheckResult | None


@dataclass(frozen=True)
class GapTable:
    """The whole comparison: a headline, the table of risks, and the checks side by side."""

    headline: str
    columns: tuple[str, ...]
    rows: tuple[GapRow, ...]
    pairs: tuple[CheckPair, ...]
    pilot: Report
    production: Report


COLUMNS = (
    "Risk",
    "Pilot condition",
    "Production challenge",
    "Engineering solution",
    "Pilot measured",
    "Production measured",
)


def gap(production: Path | Report, pilot: Path | Report) -> GapTable:
    """Compare two runs, each given as its report or as its run directory."""
    wording = read_wording()
    sides = _report(pilot), _report(production)
    rows = tuple(
        _row(left, right, wording)
        for left, right in zip(*(_known(side, sides, wording) for side in sides), strict=True)
    )
    return GapTable(_headline(*sides, wording), COLUMNS, rows, _pairs(*sides), *sides)


def _report(run: Path | Report) -> Report:
    return run if isinstance(run, Report) else run_record(read_events(run)).report(run)


def _known(side: Report, sides: Sequence[Report], wording: Wording) -> list[RiskRow]:
    """The rows of one side, with a row for every risk that either side names."""
    risks = {row.risk for other in sides for row in risk_rows(other.checks, wording, complete=True)}
    extra = {risk: {"title": risk} for risk in sorted(risks) if risk not in wording.risks}
    whole = Wording({**wording.risks, **extra}, wording.switches, wording.sentences)
    complete = side.exit in (ExitCode.HELD, ExitCode.BROKE)
    return risk_rows(side.checks, whole, complete=complete)


def _row(pilot: RiskRow, production: RiskRow, wording: Wording) -> GapRow:
    return GapRow(
        risk=pilot.title,
        pilot_condition=pilot.pilot_condition,
        production_challenge=pilot.production_challenge,
        engineering_solution=pilot.engineering_solution,
        pilot=_cell(pilot, wording),
        production=_cell(production, wording),
    )


def _cell(row: RiskRow, wording: Wording) -> GapCell:
    return GapCell(
        row.verdict,
        measured=tuple(outcome_line(check, "", wording) for check in row.checks),
        passed=sum(check.verdict is Verdict.PASS for check in row.checks),
        exercised=sum(check.verdict is not Verdict.NOT_EXERCISED for check in row.checks),
    )


def _pairs(pilot: Report, production: Report) -> tuple[CheckPair, ...]:
    left = {check.id: check for check in pilot.checks}
    right = {check.id: check for check in production.checks}
    return tuple(
        CheckPair(key, (left.get(key) or right[key]).threshold, left.get(key), right.get(key))
        for key in dict.fromkeys([*left, *right])
    )


def _headline(pilot: Report, production: Report, wording: Wording) -> str:
    facts: dict[str, int] = {}
    for name, side in (("pilot", pilot), ("production", production)):
        facts[f"{name}_failed"] = sum(check.verdict is Verdict.FAIL for check in side.checks)
        facts[f"{name}_total"] = len(side.checks)
    return wording.say("gap", "headline", **facts)


def write_gap(table: GapTable, directory: Path) -> tuple[Path, Path]:
    """Write ``gap.html`` and ``gap.md`` into ``directory``; returns the two paths."""
    wording = read_wording()
    context = {
        "table": table,
        "title": wording.say("gap", "title"),
        "lede": wording.say("gap", "lede"),
        "words": wording.sentences["verdict"],
    }
    page, summary = directory / "gap.html", directory / "gap.md"
    page.write_text(fill_html("gap.html.j2", {**context, "style": style()}), "utf-8")
    summary.write_text(fill_markdown("gap.md.j2", context), "utf-8")
    return page, summary
