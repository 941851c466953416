"""``codeblue data copy``: a population straight into PostgreSQL."""

from __future__ import annotations

import time
from dataclasses import asdict

import click
import orjson

from codeblue.cli.data.options import population_options


@click.command()
@click.argument("url")
@population_options
@click.option("--schema", default="synthetic", show_default=True, help="Made for the tables.")
@click.option("--key", "keyed", is_flag=True, help="With primary keys from the start: slower.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def copy(
    *,
    url: str,
    population: str,
    patients: int | None,
    seed: int | None,
    schema: str,
    keyed: bool,
    as_json: bool,
) -> None:
    """Load a population into the PostgreSQL at URL, by binary COPY: many narrow rows, fast.

    The tables are person, observation, and measurement for the codes of observations. Text, and
    what is wrong with it, is in `codeblue data generate --format sql`.
    """
    from codeblue.patients import load_population
    from codeblue.patients.writing.copying import copy_population

    persons = load_population(population, seed=seed, size=patients)
    began = time.monotonic()
    copied = copy_population(persons, url, schema, keyed=keyed)
    seconds = time.monotonic() - began
    if as_json:
        answer = {"schema": schema, **asdict(copied), "seconds": round(seconds, 3)}
        click.echo(orjson.dumps(answer).decode())
        return
    rows = copied.person + copied.observation
    click.echo(
        f"{copied.person:,} persons and {copied.observation:,} observations in schema {schema}: "
        f"{seconds:.1f} s ({rows / max(seconds, 1e-9):,.0f} rows/s)"
    )
