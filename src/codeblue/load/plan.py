"""What a load is: which journeys arrive, how often, for how long."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from codeblue.errors import UsageError, did_you_mean
from codeblue.load import arrivals
from codeblue.load.arrivals import Offsets, Shape
from codeblue.workspace import find, names

JOURNEYS = "scenarios/journeys"

# More than this is a mistake in a plan, or a load for more than one generator.
MAX_RATE = 5_000.0
MAX_ARRIVALS = 2_000_000

# A user is busy while its request is unanswered, so a journey at rate r whose answers take s
# seconds needs r*s users. Two seconds is the deadline a caller should be able to rely on.
_BUSY_SECONDS = 2.0
_FEWEST_USERS, _MOST_USERS = 5, 200


class LoadPlan(BaseModel):
    """One load, as data; equal plans with equal seeds arrive at equal times.

    ``journeys`` maps a journey to its arrival rate per second. ``shape``, when given, multiplies
    all rates over time, in ``(second, factor)`` points; its last point is at ``seconds``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)
    journeys: dict[str, Annotated[float, Field(gt=0)]] = Field(min_length=1)
    seconds: float = Field(gt=0, le=86_400)
    arrivals: Literal["poisson", "constant"] = "poisson"
    shape: tuple[tuple[float, float], ...] | None = None
    seed: int = Field(default=0, ge=0)
    users: int | None = Field(default=None, ge=1, le=1000)
    """Users in the pool of each journey; by default enough for answers that take two seconds."""
    drain: float = Field(default=3.0, ge=0, le=60)
    """How many seconds to wait for the last answers."""
    lateness_bound: float = Field(default=0.1, gt=0)
    """A 99th percentile of dispatch lateness above this (seconds) is the generator's own fault."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        shapes = [self.rate(journey) for journey in self.journeys]
        if self.shape and self.shape[-1][0] != self.seconds:
            raise ValueError("the last point of `shape` is not at `seconds`")
        if (peak := sum(shape.peak for shape in shapes)) > MAX_RATE:
            raise ValueError(f"a peak of {peak:g} arrivals/s is above the {MAX_RATE:g}/s allowed")
        if (total := sum(shape.total for shape in shapes)) > MAX_ARRIVALS:
            raise ValueError(f"{total:.0f} arrivals are more than the {MAX_ARRIVALS} allowed")
        return self

    def rate(self, journey: str) -> Shape:
        """The arrival rate of one journey over time."""
        shape = Shape(self.shape) if self.shape else arrivals.constant(1.0, self.seconds)
        return shape.scaled(self.journeys[journey])

    def due(self, journey: str) -> Offsets:
        """When each arrival of one journey is due: seconds from the start, sorted."""
        if self.arrivals == "constant":
            return arrivals.paced(self.rate(journey))
        return arrivals.poisson(self.rate(journey), [self.seed, crc32(journey.encode())])

    def pool(self, journey: str) -> int:
        """How many users share the arrivals of one journey."""
        enough = round(self.rate(journey).peak * _BUSY_SECONDS)
        return self.users or min(max(enough, _FEWEST_USERS), _MOST_USERS)


def read_plan(profile: Path, *, label: str, seed: int) -> LoadPlan:
    """The plan that the load profile ``profile`` (TOML; the fields of a plan) describes.

    Raises:
        UsageError: the file is not a load profile.
    """
    try:
        fields: dict[str, Any] = tomllib.loads(profile.read_text())
        return LoadPlan(label=label, seed=seed, **fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "profile"
        raise UsageError(f"{profile}: {where}: {first['msg']}. Put it right.") from error
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise UsageError(f"{profile}: {error}. Put it right.") from error


def journey_files(plan: LoadPlan, workspace: Path | None = None) -> dict[str, Path]:
    """The file of every journey of ``plan``: the workspace's own, else the built-in one.

    Raises:
        UsageError: there is no such journey.
    """
    known = [stem.replace("_", "-") for stem in names(JOURNEYS, "*.py", workspace)]
    for journey in plan.journeys:
        if journey not in known:
            raise UsageError(
                f'load {plan.label}: no journey "{journey}". {did_you_mean(journey, known)}'
            )
    return {
        journey: find(f"{JOURNEYS}/{journey.replace('-', '_')}.py", workspace)
        for journey in plan.journeys
    }
