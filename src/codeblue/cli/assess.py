"""``codeblue assess``: the main job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson
from rich.console import Console

from codeblue.cli.child import Ending, Order, assess_in_child
from codeblue.cli.progress import Progress
from codeblue.cli.proxy import proxy_option
from codeblue.cli.report import write_report
from codeblue.errors import JournalError, UsageError
from codeblue.journal import RunDirectory
from codeblue.target import Variables, load_target
from codeblue.verdict import ExitCode
from codeblue.workspace import workspace_root

if TYPE_CHECKING:
    from codeblue.render import Report


@click.command()
@click.option("--profile", default="production", show_default=True, help="Profile to assess.")
@click.option("--suite", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--seed", default=1, show_default=True, help="Seed of everything random.")
@proxy_option
@click.option("--only", metavar="WORDS", help="Only checks whose id, risk or decisions match.")
@click.option("--gap", is_flag=True, help="Assess production, then pilot, and compare the two.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the verdict.")
def assess(
    profile: str, suite: str, seed: int, only: str | None, *, gap: bool, as_json: bool, quiet: bool
) -> None:
    """Start the platform, break it on purpose, and write the report.

    Writes an HTML report, JUnit XML, Markdown and JSON under .codeblue/runs/. With --gap, exits 0
    when production held and the pilot broke.
    """
    screen = Screen(as_json=as_json, quiet=quiet)
    workspace = workspace_root()
    if gap:
        sys.exit(_assess_gap(workspace, suite, seed, screen))
    report = _assess_one(Order(workspace, profile, suite, seed, only), screen)
    screen.answer(report.as_dict())
    sys.exit(report.exit)


class Screen:
    """Where people and machines look: with ``--json``, stdout is for one object only."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.console = Console(stderr=as_json, highlight=False)

    def progress(self, profile: str) -> Progress:
        """Progress for a run of ``profile``."""
        console = Console(quiet=True) if self.quiet else self.console
        return Progress(profile, console, live=console.is_terminal and not self.quiet)

    def answer(self, value: dict[str, object]) -> None:
        """The one JSON object, when it was asked for."""
        if self.as_json:
            click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _assess_one(order: Order, screen: Screen) -> Report:
    from codeblue.cli.summary import print_summary

    # Before anything is made: a wrong file is a usage error, not a run.
    load_target(order.workspace, Variables(profile=order.profile))
    run = RunDirectory.create(order.workspace, order.profile)
    progress = screen.progress(order.profile)
    with progress.drawing():
        ending = assess_in_child(order, run, progress.show)
        report = _report_of(run, ending)
    print_summary(screen.console, report)
    if ending.reason:
        click.echo(f"error: {ending.reason}", err=True)
    return report


def _report_of(run: RunDirectory, ending: Ending) -> Report:
    """The report; a mistake of the user's, or a full disk, is said instead in one line."""
    if ending.code is ExitCode.USAGE:
        raise UsageError(ending.reason)
    try:
        return write_report(run)
    except JournalError as error:
        raise JournalError(ending.reason or str(error)) from error


def _assess_gap(workspace: Path, suite: str, seed: int, screen: Screen) -> ExitCode:
    from codeblue.cli.summary import print_gap
    from codeblue.render import gap, write_gap

    production = _assess_one(Order(workspace, "production", suite, seed), screen)
    pilot = _assess_one(Order(workspace, "pilot", suite, seed), screen)
    table = gap(production, pilot)
    page, _markdown = write_gap(table, Path(pilot.report).parent)
    print_gap(screen.console, table)
    screen.console.print(f"table   {page}", soft_wrap=True)
    screen.answer({"production": production.as_dict(), "pilot": pilot.as_dict()})
    return _gap_exit(production, pilot)


def _gap_exit(production: Report, pilot: Report) -> ExitCode:
    """0 when production held and the pilot broke: only then was the gap shown, and closed."""
    if production.exit != ExitCode.HELD:
        return ExitCode(production.exit)
    return ExitCode.HELD if pilot.exit == ExitCode.BROKE else ExitCode.INCONCLUSIVE
