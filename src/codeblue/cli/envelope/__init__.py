"""``codeblue envelope``: how much of a fault the platform takes before an objective breaks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import orjson
from rich.console import Console

from codeblue.cli.proxy import proxy_option
from codeblue.envelope import FAULTS
from codeblue.workspace import workspace_root

if TYPE_CHECKING:
    from codeblue.cli.envelope.order import Order

_SECONDS = 2.5
_MINUTES = 90.0


@click.command()
@click.option("--edge", "edges", multiple=True, help="The edge to break; with --map any number.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="|".join(FAULTS),
    help="How to break it; with --map any number.",
)
@click.option("--map", "whole", is_flag=True, help="All edges of codeblue.toml, and all faults.")
@click.option(
    "--profile",
    default="envelope",
    show_default=True,
    help="Load profile whose journeys meet the edges, and whose objectives have to be met.",
)
@click.option("--platform", help="Profile of the platform to start.  [default: production]")
@click.option("--seed", default=1, show_default=True, help="Seed of the arrivals.")
@click.option(
    "--seconds-per-point",
    "seconds",
    type=click.FloatRange(0.5, 60),
    default=_SECONDS,
    show_default=True,
    help="How long one load lasts.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=_MINUTES,
    show_default=True,
    help="No load is begun later; what is not finished then is said.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only what was found.")
@proxy_option
def envelope(  # noqa: PLR0913 - one for each option
    *,
    edges: tuple[str, ...],
    faults: tuple[str, ...],
    whole: bool,
    profile: str,
    platform: str | None,
    seed: int,
    seconds: float,
    minutes: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find how much of a fault the platform takes before an objective breaks.

    One short load after the other, each under a stronger or a milder fault, until the strongest
    that is tolerated and the mildest that is too much are both confirmed. With --map for every
    edge of codeblue.toml under latency, bandwidth, loss and an outage.

    Ctrl-C heals the fault and ends the search; what was found until then becomes a report. Exit
    codes: 0 envelope found, also when it is beyond the range · 2 usage · 3 inconclusive or ended
    early · 4 a fault could not be healed.

    \b
      codeblue envelope --edge hub-insurer --fault latency
      codeblue envelope --map
      codeblue envelope --map --edge gateway-records --edge records-postgres --fault loss
    """
    from codeblue.cli.envelope.order import ordered

    order = ordered(
        workspace_root(),
        edges,
        faults,
        whole=whole,
        profile=profile,
        platform=platform,
        seed=seed,
        seconds=seconds,
        minutes=minutes,
    )
    console = Console(stderr=as_json, highlight=False)
    sys.exit(_carried_out(order, console, as_json=as_json, quiet=quiet))


def _carried_out(order: Order, console: Console, *, as_json: bool, quiet: bool) -> int:
    """Carry out the order; its exit code."""
    from codeblue.cli.envelope.running import EnvelopeRun
    from codeblue.cli.envelope.screen import EnvelopeScreen
    from codeblue.cli.envelope.summary import print_envelopes

    run = EnvelopeRun(order, EnvelopeScreen(console, order, quiet=quiet))
    ended = run.carry_out()
    print_envelopes(console, ended, run.found)
    if ended.reason:
        click.echo(f"error: {ended.reason}", err=True)
    if as_json:
        found = [each.fields() for each in run.found]
        answer = {**ended.report.as_dict(), "envelope": found}
        click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    return ended.report.exit
