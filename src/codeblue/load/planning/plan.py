"""What a load is: which streams of patients arrive, how often, for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from codeblue.errors import UsageError, did_you_mean
from codeblue.load.breakpoint import Search
from codeblue.load.planning import arrivals
from codeblue.load.planning.arrivals import Offsets, Shape
from codeblue.load.recovery import Promise
from codeblue.target import Objective
from codeblue.workspace import find, names

JOURNEYS = "scenarios/journeys"

# More than this, for each worker, is a mistake in a plan, or a load for more workers.
MAX_RATE = 5_000.0
MAX_ARRIVALS = 2_000_000

# A user is busy while its request is unanswered, so a journey at rate r whose answers take s
# seconds needs r*s users. Two seconds is the deadline a caller should be able to rely on.
_BUSY_SECONDS = 2.0
_FEWEST_USERS, _MOST_USERS = 5, 200


def _points(given: Any) -> Any:
    """A shape that is told by its kind, as points."""
    return arrivals.shaped(given).points if isinstance(given, Mapping) else given


Points = Annotated[tuple[tuple[float, float], ...], BeforeValidator(_points)]


class Stream(BaseModel):
    """One arrival process of one journey.

    ``shape``, when given, replaces the plan's. ``times`` (seconds from the start, in order) are
    the arrivals of a replay: they come exactly then, and ``rate`` tells their mean.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(gt=0, allow_inf_nan=False)
    """Arrivals per second at factor 1."""
    journey: str = ""
    """A file in ``scenarios/journeys``; by default the one with the name of the stream."""
    tenant: str | None = None
    """For whom its users act; by default they are spread over all tenants in turn."""
    shape: Points | None = None
    times: tuple[Annotated[float, Field(ge=0)], ...] | None = Field(
        default=None, min_length=1, repr=False
    )

    @model_validator(mode="after")
    def _replayed(self) -> Self:
        if self.times and self.shape:
            raise ValueError("a replay comes at its `times`, so it has no `shape`")
        if any(after < before for before, after in pairwise(self.times or ())):
            raise ValueError("the `times` of a replay do not stand in order")
        return self


def _length(validated: dict[str, Any]) -> float:
    """How long the shape is; 0, which no load may last, when there is none."""
    shape = validated.get("shape")
    return float(shape[-1][0]) if shape else 0.0


@dataclass(frozen=True)
class Schedule:
    """Every arrival of a load, in order of time: columns with one entry for each arrival.

    ``due`` is seconds from the start, sorted, and strictly increasing within a stream, so a stream
    and a due time name one arrival. ``stream`` is an index into the streams of the plan.
    """

    due: Offsets
    stream: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.due)


class LoadPlan(BaseModel):
    """One load, as data; equal plans with equal seeds arrive at equal times.

    ``journeys`` maps the name of a stream to it; a bare number is the rate of the journey of that
    name. ``shape``, when given, multiplies all rates over time: ``(second, factor)`` points, the
    last of them at ``seconds``, or a table as for ``arrivals.shaped``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)
    title: str = Field(default="", max_length=100)
    journeys: dict[str, Stream] = Field(min_length=1, max_length=1000)
    arrivals: Literal["poisson", "constant"] = "poisson"
    shape: Points | None = None
    seconds: float = Field(default_factory=_length, validate_default=True, gt=0, le=86_400)
    """By default as long as the shape."""
    seed: int = Field(default=0, ge=0)
    users: int | None = Field(default=None, ge=1, le=1000)
    """Users in the pool of each stream; by default enough for answers that take two seconds."""
    drain: float = Field(default=3.0, ge=0, le=60)
    """How many seconds to wait for the last answers."""
    lateness_bound: float = Field(default=0.1, gt=0)
    """A 99th percentile of dispatch lateness above this (seconds) is the generator's own fault."""
    objectives: dict[str, Objective] = Field(default_factory=dict)
    """What the users of a stream are promised under this load; by default the target's word."""
    recovery: Promise | None = None
    """When the load has a spike: how soon after it the platform is back."""
    search: Search | None = None
    """When the breakpoint is looked for: this load is put on again and again, at other rates."""
    workers: int = Field(default=1, ge=1, le=256)
    """How many processes generate it; the arrivals are the same for any number."""

    @field_validator("journeys", mode="before")
    @classmethod
    def _named(cls, journeys: Any) -> Any:
        """Bare numbers as streams, and every stream with its journey."""
        if not isinstance(journeys, Mapping):
            return journeys
        return {name: _stream(name, each) for name, each in journeys.items()}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.objectives:
            if name not in self.journeys:
                hint = did_you_mean(name, self.journeys)
                raise ValueError(f'objectives for "{name}", which does not arrive. {hint}')
        for name, stream in self.journeys.items():
            if stream.times and stream.times[-1] > self.seconds:
                raise ValueError(f"arrivals of {name} come after the end of the load")
        if self.search and self._replays:
            raise ValueError("a replay has its own rate, so there is none to search for")
        if self.recovery and self.recovery.spike_ends + self.recovery.within > self.seconds:
            raise ValueError("the load ends before the platform has to be back from the spike")
        return self

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        shapes = [self.rate(name) for name in self.journeys]
        factor = max(1.0, self.search.highest / self.total_rate) if self.search else 1.0
        most = self.workers * MAX_RATE
        if (peak := factor * sum(shape.peak for shape in shapes)) > most:
            raise ValueError(f"a peak of {peak:g} arrivals/s is above the {most:g}/s allowed")
        most = self.workers * MAX_ARRIVALS
        if (total := factor * sum(shape.total for shape in shapes)) > most:
            raise ValueError(f"{total:.0f} arrivals are more than the {most:.0f} allowed")
        return self

    @property
    def _replays(self) -> bool:
        return any(stream.times for stream in self.journeys.values())

    @property
    def total_rate(self) -> float:
        """Arrivals per second of all streams together, at factor 1."""
        return sum(stream.rate for stream in self.journeys.values())

    def at(self, rate: float, *, label: str, seed: int | None = None) -> LoadPlan:
        """The same mix at ``rate`` arrivals per second in total, by default with the same seed.

        Raises:
            ValueError: so many are not allowed, or the arrivals are those of a replay.
        """
        factor = rate / self.total_rate
        if self._replays:
            raise ValueError("a replay has the rate at which its events happened")
        journeys = {
            name: stream.model_copy(update={"rate": stream.rate * factor})
            for name, stream in self.journeys.items()
        }
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        seed = self.seed if seed is None else seed
        return LoadPlan(**{**fields, "label": label, "journeys": journeys, "seed": seed})

    def rate(self, name: str) -> Shape:
        """The arrival rate of one stream over time; of a replay only its mean."""
        stream = self.journeys[name]
        if stream.times is not None:
            return arrivals.constant(len(stream.times) / self.seconds, self.seconds)
        points = stream.shape or self.shape
        shape = Shape(points) if points else arrivals.constant(1.0, self.seconds)
        if shape.seconds != self.seconds:
            raise ValueError("the last point of `shape` is not at `seconds`")
        return shape.scaled(stream.rate)

    def due(self, name: str) -> Offsets:
        """When each arrival of one stream is due: seconds from the start, strictly increasing."""
        stream = self.journeys[name]
        if stream.times is not None:
            found = np.array(stream.times)
        elif self.arrivals == "constant":
            found = arrivals.paced(self.rate(name))
        else:
            found = arrivals.poisson(self.rate(name), [self.seed, crc32(name.encode())])
        return arrivals.apart(found)

    def schedule(self) -> Schedule:
        """Every arrival of the load; the same for any number of workers."""
        streams = [self.due(name) for name in self.journeys]
        due = np.concatenate(streams)
        numbers = np.arange(len(streams), dtype=np.uint16)
        stream = np.repeat(numbers, [len(each) for each in streams])
        order = np.argsort(due, kind="stable")
        return Schedule(due[order], stream[order])

    def pool(self, name: str) -> int:
        """How many users share the arrivals of one stream, over all workers."""
        enough = round(self._peak(name) * _BUSY_SECONDS)
        most = _MOST_USERS * self.workers
        return max(self.users or min(max(enough, _FEWEST_USERS), most), self.workers)

    def _peak(self, name: str) -> float:
        """The most arrivals per second of one stream, over the time that a user may be busy."""
        times = self.journeys[name].times
        if times is None:
            return self.rate(name).peak
        counts = np.bincount((np.array(times) / _BUSY_SECONDS).astype(np.int64))
        return float(counts.max()) / _BUSY_SECONDS


def _stream(name: str, given: Any) -> Any:
    if isinstance(given, Stream):
        return given.model_copy(update={"journey": given.journey or name})
    fields = given if isinstance(given, Mapping) else {"rate": given}
    return {**fields, "journey": fields.get("journey") or name}


def journey_files(plan: LoadPlan, workspace: Path | None = None) -> dict[str, Path]:
    """The file of the journey of every stream: the workspace's own, else the built-in one.

    Raises:
        UsageError: there is no such journey.
    """
    known = [stem.replace("_", "-") for stem in names(JOURNEYS, "*.py", workspace)]
    for stream in plan.journeys.values():
        if stream.journey not in known:
            raise UsageError(
                f'load {plan.label}: no journey "{stream.journey}". '
                f"{did_you_mean(stream.journey, known)}"
            )
    return {
        name: find(f"{JOURNEYS}/{stream.journey.replace('-', '_')}.py", workspace)
        for name, stream in plan.journeys.items()
    }
