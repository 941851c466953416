"""``codeblue data show``: any one patient of a population, whatever its size."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import orjson

from codeblue.cli.data.options import population_options

if TYPE_CHECKING:
    from codeblue.patients import Population


@click.command()
@click.argument("index", type=click.IntRange(min=0))
@population_options
@click.option(
    "--format", "form", type=click.Choice(["fhir", "hl7", "row"]), default="fhir", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line, with the time.")
@click.option("--timing", is_flag=True, help="Say on stderr how long it took.")
def show(
    *,
    index: int,
    population: str,
    patients: int | None,
    seed: int | None,
    form: str,
    as_json: bool,
    timing: bool,
) -> None:
    """Print patient INDEX, from 0: a FHIR Bundle, an HL7 v2 message or plain values.

    Nothing is stored and nothing is searched: patient 99,999,999 takes as long as patient 0, and
    is the same in a population of any size. This is the patient before anything goes wrong with
    the records; the time is that of the patient alone, without reading tables and templates.
    """
    from codeblue.patients import load_population

    size = None if patients is None else max(patients, index + 1)
    persons = load_population(population, seed=seed, size=size)
    if index >= persons.size:
        persons = load_population(population, seed=seed, size=index + 1)
    shown, milliseconds = _timed(persons, index, form)
    if as_json:
        click.echo(orjson.dumps({"work_ms": milliseconds, form: shown}, default=str).decode())
    else:
        click.echo(_pretty(shown))
    if timing:
        click.echo(f"{milliseconds} ms", err=True)


def _timed(population: Population, index: int, form: str) -> tuple[Any, float]:
    """The patient, and the milliseconds of CPU time that it takes once everything is loaded."""
    _patient(population, 0, form)
    began = time.process_time()
    shown = _patient(population, index, form)
    return shown, round((time.process_time() - began) * 1e3, 3)


def _patient(population: Population, index: int, form: str) -> Any:
    if form == "fhir":
        return population.bundle(index, 1)
    if form == "hl7":
        slug = next(iter(population.institutions)).slug
        return population.adt("A01", index, facility=slug)
    return asdict(population.patient(index))


def _pretty(shown: Any) -> str:
    if isinstance(shown, str):
        return shown.replace("\r", "\n").rstrip("\n")
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2, default=str).decode()
