"""``codeblue report``: write the report of a run again, from its journal alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import orjson
from rich.console import Console

from codeblue.errors import JournalError, UsageError
from codeblue.journal import RunDirectory, read_events
from codeblue.workspace import workspace_root

if TYPE_CHECKING:
    from codeblue.render import Report


def write_report(run: RunDirectory) -> Report:
    """Render the report of ``run``.

    Raises:
        JournalError: the disk is full.
    """
    from codeblue.render import render  # pandas and matplotlib: seconds of CPU time

    try:
        return render(run.path)
    except OSError as error:
        raise JournalError(
            f"{run.path}: the report cannot be written ({error.strerror}). "
            f"Free some space and run: codeblue report {run.id}"
        ) from error


@click.command()
@click.argument("run", default="latest")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def report(run: str, *, as_json: bool) -> None:
    """Write the report of RUN: an id, the start of one, a path, or "latest".

    Exits as the run did.
    """
    from codeblue.cli.summary import print_summary

    directory = RunDirectory.locate(run, workspace_root())
    if not read_events(directory.path):
        raise UsageError(
            f"run {directory.id}: its journal is empty, so there is nothing to report."
        )
    written = write_report(directory)
    if as_json:
        click.echo(orjson.dumps(written.as_dict(), option=orjson.OPT_INDENT_2).decode())
    else:
        print_summary(Console(highlight=False), written)
    sys.exit(written.exit)
