"""``codeblue heal``: take away every fault that any run of this workspace left behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click
import orjson

from codeblue.errors import CodeblueError, UsageError
from codeblue.faults import Outcome, ProxyApi, sweep
from codeblue.session_file import SESSION_VARIABLE, UP, SessionFile, is_live
from codeblue.verdict import ExitCode
from codeblue.workspace import RUNS, workspace_root


@click.command()
@click.option("--proxy-url", metavar="URL", help="Clear this fault proxy as well.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def heal(proxy_url: str | None, *, as_json: bool) -> None:
    """Take away every fault that any run of this workspace left behind, or still has in place.

    Reads the record of every run, also of one that was killed, and clears the fault proxy of every
    session that is live: toxics, disabled edges, leases. Exits 0, or 4 when something is left.
    """
    given = [] if proxy_url is None else [_answering(proxy_url)]
    workspace = _workspace(needed=proxy_url is None)
    outcomes = everything_healed(workspace, given)
    left = [each for each in outcomes if not each.healed]
    code = ExitCode.UNHEALED if left else ExitCode.HELD
    if as_json:
        click.echo(orjson.dumps(_object(outcomes, code)).decode())
    else:
        print_outcomes(outcomes)
    sys.exit(code)


def everything_healed(workspace: Path | None, proxies: Sequence[str] = ()) -> list[Outcome]:
    """Heal what any run of ``workspace`` left or has in place, and what is on ``proxies``."""
    runs = [] if workspace is None else sorted((workspace / RUNS).glob("*"))
    live = [] if workspace is None else list(_live_proxies(workspace))
    return sweep(runs, list(dict.fromkeys([*live, *proxies])), by="codeblue heal")


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """A line for each; what is left is an error."""
    for each in outcomes:
        who = f" (held by {each.owner})" if each.owner else ""
        why = f": {each.why}" if each.why else ""
        word = "healed" if each.healed else "STILL THERE"
        click.echo(f"{word:<11}  {each.place}  {each.type}{who}{why}", err=not each.healed)
    if not outcomes:
        click.echo("Nothing was broken.")


def _answering(url: str) -> str:
    url = url.rstrip("/")
    try:
        ProxyApi(url).edges()
    except (CodeblueError, ValueError) as error:
        raise UsageError(f"--proxy-url {url}: {error}") from error
    return url


def _workspace(*, needed: bool) -> Path | None:
    try:
        return workspace_root()
    except UsageError:
        if needed:
            raise
        return None


def _live_proxies(workspace: Path) -> Iterator[str]:
    """The fault proxies of all sessions of ``workspace`` whose holder lives."""
    named = os.environ.get(SESSION_VARIABLE)
    files = [workspace / UP, *(workspace / RUNS).glob("*/session.json")]
    for path in [*files, *([Path(named)] if named else [])]:
        with suppress(UsageError):  # it ended while we looked
            session = SessionFile.read(path)
            if session.proxy_url and is_live(session):
                yield session.proxy_url


def _object(outcomes: Sequence[Outcome], code: ExitCode) -> dict[str, object]:
    return {
        "exit": code,
        "healed": [asdict(each) for each in outcomes if each.healed],
        "left": [asdict(each) for each in outcomes if not each.healed],
    }
