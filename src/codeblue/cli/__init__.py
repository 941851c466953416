"""The command line: ``codeblue assess``, ``load``, ``up``, ``report``, ``data``, ``proxy`` ..."""

from __future__ import annotations

import click

from codeblue.cli.commands import Commands, Lazily


@click.group(
    cls=Commands,
    commands=Lazily(
        __name__,
        *("assess", "load", "envelope", "up", "report", "heal", "data", "proxy", "doctor"),
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="codeblue")
def main() -> None:
    """A resilience proving ground for healthcare platforms.

    Exit codes: 0 held · 1 broke · 2 usage or configuration · 3 inconclusive or aborted ·
    4 a fault could not be healed · 5 nothing ran.
    """
