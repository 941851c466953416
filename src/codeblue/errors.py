"""Errors that say where, what, and what to do; the command line prints them as they are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from codeblue.verdict import ExitCode


class CodeblueError(Exception):
    """An error whose text is one sentence for the person at the terminal."""

    exit_code: ExitCode = ExitCode.INCONCLUSIVE


class UsageError(CodeblueError):
    """A command, a configuration file or a name that the user can put right."""

    exit_code = ExitCode.USAGE


class TargetError(CodeblueError):
    """The platform under test did not start, or cannot be reached."""


class JournalError(CodeblueError):
    """The record of the run cannot be written, so nothing further would be evidence."""


class UnhealedError(CodeblueError):
    """A fault is still in place after it was asked to go."""

    exit_code = ExitCode.UNHEALED


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A sentence that names the nearest choice, or all choices when none is near."""
    known = sorted(choices)
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{near[0]}"?'
    return f"Known: {', '.join(known)}." if known else "None are known."
