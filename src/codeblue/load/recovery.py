"""Metastability: whether a platform returns to its baseline once a spike is over.

A platform can stay overloaded by its own retries and queues after the load that did it has gone
(Bronson et al., "Metastable failures in distributed systems", HotOS 2021). So what counts is not
how a spike is served, but how long it is felt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from codeblue.target.duration import Duration

SLOWER = 3.0  # times the 95th percentile of the calm
UNNOTICED = 0.1  # s; nobody waits for what takes less, however fast it was before

_WINDOW = 25  # arrivals in a row that are looked at together
_FEWER = 0.1  # of them that may be served worse than in the calm
_WORKING = 0.9  # of the arrivals of a calm that is one


class Promise(BaseModel):
    """How soon after a spike it must be over; ``[recovery]`` of a load profile.

    ``calm`` is the part of the load, in its seconds, that is the baseline.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    calm: tuple[float, float]
    spike_ends: float = Field(gt=0)
    within: Duration = 10.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= self.calm[0] < self.calm[1] <= self.spike_ends:
            raise ValueError("the calm is not before the end of the spike")
        return self


@dataclass(frozen=True)
class Recovery:
    """How a platform came back; times in seconds.

    An arrival is served as before when it is answered well, and within ``limit`` of its due time.
    """

    limit: float
    before: float
    """Share of the arrivals of the calm that were served so."""
    seconds: float | None
    """From the end of the spike until it was felt no more; ``None``: it was felt to the end."""
    watched: float
    """How long after the spike the last arrival was due."""
    promised: float

    @property
    def comparable(self) -> bool:
        """Whether the calm was one, so that there is something to return to."""
        return self.before >= _WORKING

    @property
    def kept(self) -> bool:
        """Whether the platform was back as soon as promised."""
        return self.seconds is not None and self.seconds <= self.promised

    @property
    def sentence(self) -> str:
        """What happened, for a report."""
        if not self.comparable:
            return f"only {self.before:.0%} were served before the spike, so nothing can return"
        if self.seconds is None:
            return f"not back to its baseline {self.watched:.1f} s after the spike"
        return f"back to its baseline {self.seconds:.1f} s after the spike"


def recovery(
    due: NDArray[np.floating],
    latency: NDArray[np.floating],
    ok: NDArray[np.bool_],
    promise: Promise,
) -> Recovery:
    """What the arrivals of a load tell of its spike; one entry each in every array, in any order.

    ``due`` is seconds from the start of the load, ``latency`` seconds from there to the last
    answer, ``ok`` whether all went well. The platform is back at the first arrival from which on
    no 25 arrivals in a row hold 10 % more that were not served as before.

    Raises:
        ValueError: nothing was due in the calm, or nothing after the spike.
    """
    calm = (due >= promise.calm[0]) & (due < promise.calm[1])
    after = due >= promise.spike_ends
    if not (calm.any() and after.any()):
        raise ValueError("nothing was due before the spike, or nothing after it")
    usual = float(np.percentile(latency[calm], 95, method="inverted_cdf"))
    limit = max(SLOWER * usual, UNNOTICED)
    served = ok & (latency <= limit)
    before = float(served[calm].mean())
    order = np.argsort(due[after], kind="stable")
    since = due[after][order] - promise.spike_ends
    back = _back(served[after][order], before - _FEWER)
    return Recovery(
        limit=limit,
        before=before,
        seconds=None if back is None else float(since[back]) if back else 0.0,
        watched=float(since[-1]),
        promised=promise.within,
    )


def _back(served: NDArray[np.bool_], enough: float) -> int | None:
    """The first arrival from which on every window has its share; ``None`` if the last has not."""
    window = min(_WINDOW, len(served))
    sums = np.concatenate([[0], np.cumsum(served)])
    lacking = np.flatnonzero(sums[window:] - sums[:-window] < enough * window)
    if not len(lacking):
        return 0
    first = int(lacking[-1]) + 1
    return None if first > len(served) - window else first
