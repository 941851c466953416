"""Load profiles: ``scenarios/load/*.toml``, read into plans.

A profile has the fields of a plan. Beside naming rates under ``[journeys]`` it can take its
journeys from the work of an institution (``mix`` and ``rate``), or from what happens to a
population (``[replay]``).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from codeblue.errors import UsageError, did_you_mean
from codeblue.load.planning.mix import mixed
from codeblue.load.planning.plan import LoadPlan
from codeblue.load.planning.replay import Replay, replayed
from codeblue.workspace import find, names

FOLDER = "scenarios/load"

# What whoever starts a load says, not its profile.
_NOT_HERE = ("label", "seed", "workers")
_LASTING = ("seconds", "shape", "replay")


class Sources(BaseModel):
    """Where journeys come from that a profile does not name one by one."""

    model_config = ConfigDict(frozen=True)

    mix: str | None = None
    """An institution, whose work is shared out to ``rate`` arrivals per second."""
    rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    replay: Replay | None = None

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.mix is None) != (self.rate is None):
            raise ValueError("`mix` (an institution) and `rate` (arrivals/s) belong together")
        return self

    def fields(self, workspace: Path | None) -> dict[str, Any]:
        """The fields of a plan that follow."""
        found: dict[str, Any] = {"journeys": {}}
        if self.mix and self.rate:
            found["journeys"] |= mixed(self.mix, self.rate, workspace)
        if self.replay:
            found["journeys"] |= replayed(self.replay, workspace)
            found["seconds"] = self.replay.seconds
        return found


def profiles(workspace: Path | None = None) -> dict[str, Path]:
    """The file of every profile there is; one of the workspace comes before a built-in one."""
    return {
        name: find(f"{FOLDER}/{name}.toml", workspace)
        for name in names(FOLDER, "*.toml", workspace)
    }


def read_plan(
    profile: Path, *, label: str, seed: int, workers: int = 1, workspace: Path | None = None
) -> LoadPlan:
    """The plan that the load profile ``profile`` describes.

    Raises:
        UsageError: the file is not a load profile.
    """
    text, given = _read(profile)
    try:
        fields = Sources.model_validate(given).fields(workspace)
        for key, value in given.items():
            if key not in Sources.model_fields:
                fields[key] = {**fields[key], **value} if key == "journeys" else value
        return LoadPlan(label=label, seed=seed, workers=workers, **fields)
    except ValidationError as error:
        raise UsageError(_sentence(profile, text, error.errors()[0])) from error


def _read(profile: Path) -> tuple[str, dict[str, Any]]:
    from codeblue.patients.content import line_of

    try:
        text = profile.read_text("utf-8")
        given = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"{profile}: cannot be read as TOML ({error}). Put it right.") from error
    for key in _NOT_HERE:
        if key in given:
            line = line_of(text, (key,))
            raise UsageError(f'{profile}:{line}: "{key}" is not for a profile to say. Remove it.')
    if not any(key in given for key in _LASTING):
        raise UsageError(f"{profile}: says not how long it lasts. Add `seconds`.")
    if not isinstance(given.get("journeys", {}), dict):
        raise UsageError(f"{profile}: `journeys` is not a table. Write [journeys] and their rates.")
    return text, given


def _sentence(profile: Path, text: str, error: ErrorDetails) -> str:
    from codeblue.patients.content import line_of

    where = error["loc"]
    place = f"{profile}:{line_of(text, where)}" if where else str(profile)
    key = ".".join(str(part) for part in where) or "profile"
    if error["type"] == "extra_forbidden":
        known = LoadPlan.model_fields.keys() | Sources.model_fields.keys()
        hint = did_you_mean(key, known - set(_NOT_HERE)) if len(where) == 1 else "Remove it."
        return f'{place}: "{key}" is not known. {hint}'
    return f"{place}: {key}: {error['msg'].removeprefix('Value error, ')}. Put it right."
