"""``codeblue load``: one load on the platform, alone, and what came of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.console import Console

from codeblue.cli.load.address import PORT, address
from codeblue.cli.proxy import proxy_option
from codeblue.errors import UsageError
from codeblue.workspace import workspace_root

if TYPE_CHECKING:
    from codeblue.cli.load.order import Order


@click.command()
@click.option("--profile", help="Load profile, a file in scenarios/load; see --list.")
@click.option("--list", "listing", is_flag=True, help="Show the load profiles that are there.")
@click.option("--platform", help="Profile of the platform to start.  [default: production]")
@click.option("--seed", default=1, show_default=True, help="Seed of the arrivals.")
@proxy_option
@click.option("--tenant", help="Only this tenant; without it, all of them in turn.")
@click.option(
    "--fault",
    metavar="EDGE:KIND[:NAME=NUMBER,...]",
    help="Break an edge for as long as the load lasts; a search is done without it, then with it.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes that generate the load.",
)
@click.option("--master", is_flag=True, help="Wait for --workers on other machines.")
@click.option(
    "--bind",
    metavar="HOST[:PORT]",
    default="127.0.0.1",
    show_default=True,
    help=f"Where --master waits; the port is {PORT} unless named.",
)
@click.option("--worker", is_flag=True, help="Generate a share of the load of a --master.")
@click.option("--master-host", metavar="HOST[:PORT]", help="Where the --master of a --worker is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the verdict.")
def load(  # noqa: PLR0913 - one for each option
    *,
    profile: str | None,
    listing: bool,
    platform: str | None,
    seed: int,
    tenant: str | None,
    fault: str | None,
    workers: int,
    master: bool,
    bind: str,
    worker: bool,
    master_host: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Put a load on the platform, and judge it.

    The platform is the one that `codeblue up` keeps, or one started for this load. Every arrival
    comes when it is due, whatever became of those before it. The load is judged by the objectives
    of its streams and by what is left of the writes that were acknowledged.

    Ctrl-C ends the load early; what was measured until then becomes a report. Exit codes: 0 held ·
    1 broke · 2 usage · 3 inconclusive or ended early · 4 a fault could not be healed.

    \b
      codeblue load --list
      codeblue load --profile spike
      codeblue load --profile breakpoint --fault hub-insurer:latency:ms=300
    """
    workspace = workspace_root()
    console = Console(stderr=as_json, highlight=False)
    if listing:
        _list(workspace, console, as_json=as_json)
    elif worker:
        _serve(workspace, master_host)
    else:
        order = _ordered(
            workspace,
            profile,
            platform,
            seed=seed,
            workers=workers,
            fault=fault,
            tenant=tenant,
            bind=address(bind) if master else None,
        )
        sys.exit(_carried_out(order, console, as_json=as_json, quiet=quiet))


def _list(workspace: Path, console: Console, *, as_json: bool) -> None:
    from codeblue.cli.load import listing

    found = listing.plans(workspace)
    if as_json:
        click.echo(listing.as_json(found))
    else:
        listing.print_profiles(console, found)


def _serve(workspace: Path, master_host: str | None) -> None:
    from codeblue.cli.load.joining import join

    if master_host is None:
        raise UsageError("--worker: of which master is not said. Add --master-host HOST[:PORT].")
    join(workspace, address(master_host))


def _ordered(workspace: Path, profile: str | None, platform: str | None, **more: Any) -> Order:
    from codeblue.cli.load.order import ordered

    if profile is None:
        raise UsageError("--profile: not given. Choose one of `codeblue load --list`.")
    return ordered(workspace, profile, platform, **more)


def _carried_out(order: Order, console: Console, *, as_json: bool, quiet: bool) -> int:
    """Carry out the order; its exit code."""
    from codeblue.cli.load.running import LoadRun
    from codeblue.cli.load.screen import LoadScreen
    from codeblue.cli.load.summary import print_load

    title = f"{order.profile} on {order.platform}, seed {order.seed}"
    run = LoadRun(order, LoadScreen(console, title, quiet=quiet))
    ended = run.carry_out()
    print_load(console, ended, run.found)
    if ended.reason:
        click.echo(f"error: {ended.reason}", err=True)
    if as_json:
        found = run.found.fields() if run.found is not None else None
        answer = {**ended.report.as_dict(), "load": found}
        click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    return ended.report.exit
