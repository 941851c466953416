"""``codeblue data``: synthetic patients as files, in a database, on the screen."""

from __future__ import annotations

import click

from codeblue.cli.commands import Commands
from codeblue.cli.data.copy import copy
from codeblue.cli.data.generate import generate
from codeblue.cli.data.replay import replay
from codeblue.cli.data.score import score
from codeblue.cli.data.show import show


@click.group(cls=Commands)
def data() -> None:
    """Synthetic patients: coherent, as many as you want, dirty on purpose, with the truth kept."""


for command in (generate, show, copy, replay, score):
    data.add_command(command)
