"""``codeblue data generate``: a population as files, with the truth beside them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson
from rich.console import Console
from rich.table import Table

from codeblue.cli.data.options import population_options
from codeblue.errors import UsageError

if TYPE_CHECKING:
    from codeblue.patients.writing import Job, Written


@click.command()
@population_options
@click.option("--format", "form", default="ndjson", show_default=True, help="See below.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option("--workers", default=1, show_default=True, help="Processes on this machine.")
@click.option("--dask", metavar="ADDRESS", help='Scheduler of a Dask cluster, or "local".')
@click.option("--resources", default="", help="Types, separated by commas; all by default.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def generate(  # noqa: PLR0913 - one for each option
    *,
    population: str,
    patients: int | None,
    seed: int | None,
    form: str,
    out: Path,
    workers: int,
    dask: str | None,
    resources: str,
    as_json: bool,
) -> None:
    """Write a population to files, and to OUT/truth what is wrong with them.

    \b
    ndjson       FHIR R4, one resource per line
    ndjson.zst   the same, compressed
    parquet      tables: patients, observations and what else the population has
    hl7          HL7 v2 messages in MLLP frames
    sql          the tables as scripts for psql

    The same population, seed and number give the same bytes with any number of workers.
    """
    from codeblue.cli.data.meter import Meter
    from codeblue.patients.writing import generate as write
    from codeblue.patients.writing import plan

    if workers < 1:
        raise UsageError(f"--workers {workers}: at least one is needed.")
    wanted = tuple(name for name in resources.split(",") if name)
    job = plan(population, out, format=form, wanted=wanted, seed=seed, size=patients)
    began = time.monotonic()
    with Meter(Console(stderr=True, highlight=False), job.size) as meter:
        for written in write(job, workers=workers, dask=dask):
            meter.add(written)
    total, seconds = meter.total, time.monotonic() - began
    if as_json:
        click.echo(orjson.dumps(_answer(job, total, seconds)).decode())
    else:
        _print(Console(highlight=False), job, total, seconds)


def _answer(job: Job, total: Written, seconds: float) -> dict[str, object]:
    return {
        "out": os.fspath(job.out),
        "population": job.population,
        "seed": job.seed,
        "format": job.format,
        "patients": total.persons,
        "records": dict(sorted(total.counts.items())),
        "dirt": dict(sorted(total.labels.items())),
        "files": total.files,
        "bytes": total.bytes,
        "seconds": round(seconds, 3),
    }


def _print(console: Console, job: Job, total: Written, seconds: float) -> None:
    table = Table(box=None, padding=(0, 2), pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("persons", f"{total.persons:,}")
    for name, count in sorted(total.counts.items()):
        table.add_row(name, f"{count:,}")
    for kind, count in total.labels.most_common():
        table.add_row(f"dirt: {kind}", f"{count:,}")
    console.print(table)
    rate = total.persons / max(seconds, 1e-9)
    console.print(
        f"{total.files} files, {total.bytes / 1e6:,.1f} MB in {seconds:.1f} s "
        f"({rate:,.0f} persons/s): {job.out}",
        soft_wrap=True,
    )
