"""A group of commands whose errors are one line."""

from __future__ import annotations

import sys
from typing import Any

import click

from codeblue.errors import CodeblueError, UsageError, did_you_mean
from codeblue.verdict import ExitCode


class Commands(click.Group):
    """A group whose errors are one line that says what to do."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` name."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.commands)
            raise UsageError(f'command "{args[0]}": there is none. {hint}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that we know becomes its sentence and its exit code."""
        try:
            return super().invoke(ctx)
        except CodeblueError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("error: interrupted", err=True)
            sys.exit(ExitCode.INCONCLUSIVE)
