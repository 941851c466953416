"""``codeblue data replay``: what happens in a population, in scaled time, into a platform."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import orjson
from rich.console import Console
from rich.table import Table

from codeblue.cli.data.options import population_options
from codeblue.errors import UsageError, did_you_mean
from codeblue.workspace import CONFIGURATION, workspace_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codeblue.patients.replay import Channel, Delivery, Player, Summary
    from codeblue.session import Session

_FAR = 50 * 365  # days
_HERE = ("127.0.0.1", "::1", "localhost")


@click.command()
@population_options
@click.option("--begin", type=click.DateTime(), help="UTC.  [default: after the reference date]")
@click.option("--hours", default=24.0, show_default=True, help="How much of the calendar to play.")
@click.option("--speed", default=3600.0, show_default=True, help="Calendar seconds per second.")
@click.option("--mllp", metavar="HOST:PORT", help="HL7 v2 to here, or to an edge of codeblue.toml.")
@click.option("--http", metavar="URL", help="FHIR R4 to here.")
@click.option("--token", metavar="TOKEN", help="Bearer token for --http.")
@click.option("--tenant", help="The platform's name for the sender: MSH-4, and whose token.")
@click.option("--types", default="", help="Such as ADT^A01,ORU^R01.  [default: all there are]")
@click.option("--mess", type=click.FloatRange(min=0), help="Factor on the rates of dirt.")
@click.option(
    "--truth",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="A file for what was spoiled.",
)
@click.option("--limit", type=click.IntRange(min=1), help="End after so many deliveries.")
@click.option("--lanes", default=4, show_default=True, type=click.IntRange(1, 256))
@click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait for an answer.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def replay(  # noqa: PLR0913 - one for each option
    *,
    population: str,
    patients: int | None,
    seed: int | None,
    begin: datetime | None,
    hours: float,
    speed: float,
    mllp: str | None,
    http: str | None,
    token: str | None,
    tenant: str | None,
    types: str,
    mess: float | None,
    truth: Path | None,
    limit: int | None,
    lanes: int,
    timeout: float,
    as_json: bool,
) -> None:
    """Play admissions, results, merges and appointments as they happen, SPEED times as fast.

    HL7 v2 messages go to --mllp, and appointments and results to --http as FHIR. Without either,
    FHIR goes to the platform that `codeblue up` started. The calendar does not wait for the
    platform: what it is slow to take is sent late, and the summary says how late. Ctrl-C ends it.
    """
    from codeblue.patients import load_population
    from codeblue.patients.replay import Player, deliveries

    for name, value, most in (
        ("hours", hours, 1e5),
        ("speed", speed, 1e9),
        ("timeout", timeout, 600),
    ):
        if not 0 < value <= most:
            raise UsageError(f"--{name} {value}: must be more than 0, and at most {most:g}.")
    channels, sender = _channels(mllp, http, token, tenant, timeout)
    played = load_population(population, seed=seed, size=patients)
    after = datetime.combine(played.reference_date + timedelta(days=1), datetime.min.time())
    if begin is not None and abs(begin - after).days > _FAR:
        raise UsageError(f"--begin {begin}: must be within 50 years of {after:%Y-%m-%d}.")
    standards = [channel.standard for channel in channels]
    coming = deliveries(played, begin or after, hours, standards, sender, _types(types), mess)
    player = Player(channels, speed, hours * 3600 / speed + timeout, lanes, limit)
    summary = asyncio.run(_play(player, coming))
    if truth is not None:
        lines = (orjson.dumps(label._asdict()) for label in summary.labels)
        truth.write_bytes(b"".join(line + b"\n" for line in lines))
    if as_json:
        click.echo(orjson.dumps(_answer(summary)).decode())
    else:
        _print(Console(highlight=False), summary)


def _channels(
    mllp: str | None, http: str | None, token: str | None, tenant: str | None, timeout: float
) -> tuple[list[Channel], str | None]:
    """Where to send, and the name to send under."""
    from codeblue.patients.replay import FhirChannel, MllpChannel

    found: list[Channel] = []
    if mllp is not None:
        host, port = _address(mllp)
        _check_allowed("--mllp", host)
        found.append(MllpChannel(host, port, timeout))
    if http is None and mllp is None:
        session = _session()
        tenant = tenant or next(iter(session.target.tenants), None)
        if session.target.fhir is None or tenant is None:
            raise UsageError("codeblue.toml: no fhir address or no tenant. Give --mllp or --http.")
        http, token = session.base_url + session.target.fhir, token or session.token(tenant)
    if http is not None:
        _check_allowed("--http", urlsplit(http).hostname or http)
        found.append(FhirChannel(http, token, timeout))
    return found, tenant


def _address(mllp: str) -> tuple[str, int]:
    """Of ``HOST:PORT``, or of an edge of the platform that is up."""
    address = mllp if ":" in mllp else _session().edge(mllp).listen
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(f'--mllp "{mllp}": not HOST:PORT. Write it like 127.0.0.1:2575.')
    return host.strip("[]"), int(port)


def _check_allowed(option: str, host: str) -> None:
    """Nothing is driven but this machine and what the workspace names as the user's own."""
    from codeblue.target import Variables, load_target

    if host in _HERE or host in load_target(workspace_root(), Variables()).allow:
        return
    raise UsageError(
        f'{option}: [target] allow in {CONFIGURATION} does not list the host "{host}". Nothing '
        "else is ever driven; add it there only if it is yours."
    )


def _types(wanted: str) -> Sequence[str]:
    from codeblue.patients.visits.event_columns import TYPES

    names = tuple(name for name in wanted.split(",") if name)
    for name in names:
        if name not in TYPES:
            raise UsageError(f'--types "{name}": there is none. {did_you_mean(name, TYPES)}')
    return names or TYPES


def _session() -> Session:
    from codeblue.session import attach

    return attach()


async def _play(player: Player, coming: Iterable[Delivery]) -> Summary:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, player.stop)
    return await player.play(coming)


def _answer(summary: Summary) -> dict[str, object]:
    return {
        "deliveries": summary.deliveries,
        "answers": {name: dict(sorted(found.items())) for name, found in summary.answers.items()},
        "dirt": _dirt(summary),
        "unsent": summary.unsent,
        "late_ms": summary.lateness(),
        "seconds": round(summary.seconds, 3),
        "ended": summary.ended,
    }


def _dirt(summary: Summary) -> dict[str, int]:
    return dict(sorted(Counter(label.kind for label in summary.labels).items()))


def _print(console: Console, summary: Summary) -> None:
    table = Table(box=None, padding=(0, 2), pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, found in summary.answers.items():
        for outcome, count in sorted(found.items()):
            table.add_row(f"{name} {outcome}", f"{count:,}")
    for kind, count in _dirt(summary).items():
        table.add_row(f"dirt: {kind}", f"{count:,}")
    table.add_row("unsent", f"{summary.unsent:,}")
    for name, value in summary.lateness().items():
        table.add_row(f"late, {name}", f"{value:,.1f} ms")
    console.print(table)
    console.print(
        f"{summary.deliveries:,} deliveries in {summary.seconds:.1f} s: {summary.ended}.",
        soft_wrap=True,
    )
