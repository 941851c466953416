"""Mixes: how often each journey arrives at an institution, by the work that it does."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from codeblue.errors import UsageError
from codeblue.workspace import find

WORKFLOWS = "scenarios/journeys/workflows.toml"

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Weights = dict[str, dict[str, Weight]]


def mixed(institution: str, rate: float, workspace: Path | None = None) -> dict[str, float]:
    """Arrivals per second of each journey, ``rate`` in all.

    The shares of the institution's workflows are those of
    ``synthetic_data/institutions/<institution>.toml``; what a visit of each workflow leads to
    stands in ``scenarios/journeys/workflows.toml``.

    Raises:
        UsageError: there is no such institution, or one of the files is wrong.
    """
    from codeblue.patients.institutions import load_profile
    from codeblue.patients.tables import load_tables

    habits = load_profile(institution, load_tables(workspace).measurement_names, workspace)
    path = find(WORKFLOWS, workspace)
    weights = _weights(path)
    found: defaultdict[str, float] = defaultdict(float)
    for workflow, habit in habits.workflows.items():
        if workflow not in weights:
            raise UsageError(f'{path}: no table for "{workflow}". Add what a visit leads to.')
        for journey, weight in weights[workflow].items():
            found[journey] += habit.share * weight
    if not (total := sum(found.values())):
        raise UsageError(f'{path}: visits of "{institution}" lead to no journey. Give weights.')
    return {journey: rate * weight / total for journey, weight in found.items() if weight}


def _weights(path: Path) -> Weights:
    try:
        return TypeAdapter(Weights).validate_python(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: {where}: {first['msg']}. Put it right.") from error
    except ValueError as error:
        raise UsageError(f"{path}: not valid TOML ({error}). Put it right.") from error
