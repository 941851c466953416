"""A group of commands that are imported when they are called, and whose errors are one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import click

from codeblue.errors import CodeblueError, UsageError, did_you_mean
from codeblue.verdict import ExitCode


class Lazily(Mapping[str, click.Command]):
    """Commands by name, each the object ``name`` of the module ``package.name``.

    None is imported before it is looked up: whoever calls ``heal`` does not wait for numpy.
    """

    def __init__(self, package: str, *names: str) -> None:
        self._package = package
        self._names = names

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._names:
            raise KeyError(name)
        module = import_module(f"{self._package}.{name}")
        command: click.Command = getattr(module, name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


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
