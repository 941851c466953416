"""The end of a search on one screen."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from codeblue.cli.envelope.screen import drawn
from codeblue.cli.one_check import Ended
from codeblue.cli.summary import STYLES
from codeblue.envelope import Envelope
from codeblue.verdict import outcome


def print_envelopes(console: Console, ended: Ended, envelopes: list[Envelope]) -> None:
    """What was found, and where the report is."""
    report = ended.report
    [check] = report.checks
    console.print()
    word = "FOUND" if report.exit == 0 else outcome(report.exit).upper()
    console.print(
        Text.assemble(
            (word, STYLES[report.verdict]),
            f"  {check.id} on {report.profile} in {report.seconds:.0f} s",
        )
    )
    if len(envelopes) == 1:
        [found] = envelopes
        console.print(Text(f"{found.edge}, {found.fault}: {found.sentence}"))
    else:
        console.print(drawn(envelopes))
    if not ended.reason and report.exit:
        console.print(Text(check.measured, "yellow"))
    console.print(Text(f"report  {report.report}"), soft_wrap=True)
