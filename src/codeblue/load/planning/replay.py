"""Replay: what happens in a population, in scaled time, as arrivals."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from codeblue.errors import UsageError, did_you_mean
from codeblue.load.planning.plan import Stream


class Replay(BaseModel):
    """``[replay]``: ``hours`` of a population's calendar, ``speed`` times as fast.

    ``journeys`` maps the type of an event, such as ``ADT^A01``, to the journey that it leads to;
    other events lead to none. ``begin`` is in UTC unless it has a zone, and by default the midnight
    after the population's reference date.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    population: str
    hours: Annotated[float, Field(gt=0, le=24 * 366)] = 24.0
    speed: Annotated[float, Field(gt=0, le=1e6)]
    begin: datetime | None = None
    journeys: dict[str, Annotated[str, Field(min_length=1)]] = Field(min_length=1)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.hours * 3600 / self.speed


def replayed(replay: Replay, workspace: Path | None = None) -> dict[str, Stream]:
    """A stream for each journey that something leads to, in which arrivals come as events came.

    Raises:
        UsageError: there is no such population, no such type of event, or nothing happens.
    """
    from codeblue.patients import load_population
    from codeblue.patients.visits.event_columns import TYPES, joined
    from codeblue.patients.visits.events import event_columns

    for name in replay.journeys:
        if name not in TYPES:
            hint = did_you_mean(name, TYPES)
            raise UsageError(f'replay of "{replay.population}": no event "{name}". {hint}')
    played = load_population(replay.population, workspace)
    begin = replay.begin or datetime.combine(played.reference_date + timedelta(days=1), time())
    begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
    happened = joined(list(event_columns(played, begin, begin + timedelta(hours=replay.hours))))
    leads_to = np.array([replay.journeys.get(name, "") for name in TYPES])[happened.type]
    due = (happened.at - int(begin.timestamp())) / replay.speed
    parts = {name: due[leads_to == name] for name in dict.fromkeys(replay.journeys.values())}
    if not any(len(part) for part in parts.values()):
        raise UsageError(
            f'replay of "{replay.population}": nothing happens within {replay.hours:g} hours that '
            "leads to a journey. Take more hours, or a larger population."
        )
    return {
        name: Stream(rate=len(part) / replay.seconds, journey=name, times=tuple(part.tolist()))
        for name, part in parts.items()
        if len(part)
    }
