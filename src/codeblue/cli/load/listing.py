"""The load profiles that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from codeblue.load import LoadPlan
from codeblue.load.planning.profile import profiles, read_plan


def plans(workspace: Path) -> dict[str, LoadPlan]:
    """Every profile of ``workspace``, and of those that ship, by its name."""
    return {
        name: read_plan(path, label=name, seed=0, workspace=workspace)
        for name, path in profiles(workspace).items()
    }


def as_json(found: dict[str, LoadPlan]) -> str:
    """The profiles as one JSON object."""
    return orjson.dumps({name: _fields(plan) for name, plan in found.items()}).decode()


def print_profiles(console: Console, found: dict[str, LoadPlan]) -> None:
    """One line per profile, however narrow the terminal: its name, its size, what it is."""
    width = max(map(len, found), default=0)
    console.print(Text(f"{'profile':<{width}}  arrivals  seconds  what it is"), soft_wrap=True)
    for name, plan in found.items():
        size = f"{_arrivals(plan):8,.0f}  {plan.seconds:7,.0f}"
        console.print(Text(f"{name:<{width}}  {size}  {plan.title}"), soft_wrap=True)


def _fields(plan: LoadPlan) -> dict[str, Any]:
    return {
        "title": plan.title,
        "arrivals": round(_arrivals(plan)),
        "seconds": plan.seconds,
        "journeys": {name: stream.rate for name, stream in plan.journeys.items()},
        "search": plan.search is not None,
    }


def _arrivals(plan: LoadPlan) -> float:
    return sum(plan.rate(name).total for name in plan.journeys)
