"""The command line: ``codeblue assess``, ``load``, ``up``, ``report``, ``data``, ``proxy`` ..."""

from __future__ import annotations

import click

from codeblue.cli.assess import assess
from codeblue.cli.commands import Commands
from codeblue.cli.data import data
from codeblue.cli.doctor import doctor
from codeblue.cli.envelope import envelope
from codeblue.cli.heal import heal
from codeblue.cli.load import load
from codeblue.cli.proxy import proxy
from codeblue.cli.report import report
from codeblue.cli.up import up


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codeblue")
def main() -> None:
    """A resilience proving ground for healthcare platforms.

    Exit codes: 0 held · 1 broke · 2 usage or configuration · 3 inconclusive or aborted ·
    4 a fault could not be healed · 5 nothing ran.
    """


for command in (assess, load, envelope, up, report, heal, data, proxy, doctor):
    main.add_command(command)
