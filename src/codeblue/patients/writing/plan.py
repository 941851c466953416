"""From what a person asks for to a job that can be done."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from codeblue.errors import UsageError, did_you_mean
from codeblue.patients.population import load_population
from codeblue.patients.writing.formats import FORMATS
from codeblue.patients.writing.job import Job
from codeblue.workspace import workspace_root


def plan(
    population: str,
    out: Path,
    *,
    format: str = "ndjson",  # noqa: A002 - the word of the command
    wanted: tuple[str, ...] = (),
    workspace: Path | None = None,
    seed: int | None = None,
    size: int | None = None,
) -> Job:
    """A job; ``seed`` and ``size`` replace those of the population, ``wanted`` is all when empty.

    Raises:
        UsageError: there is no such population, format or type of records.
    """
    if format not in FORMATS:
        raise UsageError(f'format "{format}": there is none. {did_you_mean(format, FORMATS)}')
    known = FORMATS[format].known
    for name in wanted:
        if name not in known:
            raise UsageError(f'"{name}": {format} has no such type. {did_you_mean(name, known)}')
    loaded = load_population(population, workspace, seed=seed, size=size)
    # A worker elsewhere has another current folder.
    return Job(
        population=str(Path(population).resolve()) if population.endswith(".toml") else population,
        size=loaded.size,
        seed=loaded.seed,
        out=out.resolve(),
        format=format,
        wanted=wanted,
        workspace=workspace or _here(),
    )


def _here() -> Path | None:
    with suppress(UsageError):
        return workspace_root()
    return None
