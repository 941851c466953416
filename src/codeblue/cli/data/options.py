"""Options that the commands of ``codeblue data`` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def population_options(command: Command) -> Command:
    """``--population``, ``--patients`` and ``--seed``."""
    for option in (
        click.option("--seed", type=click.IntRange(min=0), help="Another seed than its own."),
        click.option("--patients", type=click.IntRange(min=1), help="Another size than its own."),
        click.option(
            "--population",
            default="pilot-clinic",
            show_default=True,
            help="A name in synthetic_data/populations, or the path of such a file.",
        ),
    ):
        command = option(command)
    return command
