"""The end of a run on one screen, and the pilot-to-production table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeblue.cli.progress import MARKS

if TYPE_CHECKING:
    from codeblue.render import GapTable, Report

STYLES = {"held": "bold green", "broke": "bold red", "inconclusive": "bold yellow"}


def print_summary(console: Console, report: Report) -> None:
    """The verdict, one line per check, and where the report is: one screen."""
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for check in report.checks:
        mark, style = MARKS[check.verdict]
        table.add_row(Text(mark, style), Text(check.id), Text(check.measured or check.verdict))
    console.print()
    console.print(
        Text.assemble(
            (report.verdict.upper(), STYLES[report.verdict]),
            f"  {report.profile}: {_count(report)} in {report.seconds:.0f} s",
        )
    )
    console.print(table)
    _print_gaps(console, report)
    console.print(Text(f"report  {report.report}"), soft_wrap=True)


def _count(report: Report) -> str:
    verdicts = [str(check.verdict) for check in report.checks]
    words = {"pass": "held", "fail": "broke"}
    counts = {verdict: verdicts.count(verdict) for verdict in MARKS if verdict in verdicts}
    return ", ".join(f"{count} {words.get(name, name)}" for name, count in counts.items())


def _print_gaps(console: Console, report: Report) -> None:
    gaps = sorted({name for c in report.checks if c.verdict == "fail" for name in c.examines})
    if gaps:
        console.print(Text.assemble(("gaps    ", "bold red"), ", ".join(gaps)))


def print_gap(console: Console, gap: GapTable) -> None:
    """The article's table of five risks, with what was measured on either side."""
    table = Table(
        title="Pilot to production, measured",
        title_justify="left",
        box=None,
        padding=(0, 1, 1, 0),
        pad_edge=False,
    )
    for texts in zip(gap.columns, *(row.cells() for row in gap.rows), strict=True):
        words = (word for text in texts for word in text.split())
        table.add_column(texts[0], min_width=max(map(len, words)), overflow="fold")
    for row in gap.rows:
        table.add_row(*(Text(cell) for cell in row.cells()))
    console.print(table)
