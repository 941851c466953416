"""What a platform serves while more is asked of it than it can do.

Goodput is what is served well and in time, counted when it is served. Up to the knee it grows with
what is offered; past it a platform goes on serving as much, or wastes its work on those who have
gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from codeblue.journal.arrivals import Arrivals, Outcome

WINDOW = 1.0  # seconds over which the goodput of the knee is counted


@dataclass(frozen=True)
class Overload:
    """The knee, what was offered beyond it, and what was served then; in arrivals per second."""

    knee: float
    """The most that was served in any second."""
    offered: float
    goodput: float

    @property
    def times(self) -> float:
        """How many times the knee was offered; not a number when nothing was ever served."""
        return self.offered / self.knee if self.knee else nan

    @property
    def kept(self) -> float:
        """The share of the knee's goodput that was left beyond it; 0 when there was none."""
        return self.goodput / self.knee if self.knee else 0.0


def overload(arrivals: Arrivals, top: tuple[float, float], prompt: float) -> Overload:
    """Compare what was served in the seconds ``top`` of a load with the best second of it.

    An arrival is served in time within ``prompt`` seconds of its due time.
    """
    start, end = top
    served = _served_at(arrivals, prompt)
    beyond = np.count_nonzero((served >= start) & (served < end))
    return Overload(
        knee=_most(served) / WINDOW,
        offered=len(arrivals.between(start, end)) / (end - start),
        goodput=float(beyond) / (end - start),
    )


def prompt_share(arrivals: Arrivals, prompt: float) -> float:
    """The share of ``arrivals`` that was served within ``prompt`` seconds; 1 if there are none."""
    return len(_served_at(arrivals, prompt)) / len(arrivals) if len(arrivals) else 1.0


def _served_at(arrivals: Arrivals, prompt: float) -> NDArray[np.float64]:
    """When each arrival that was served in time was served, in seconds of the load, sorted."""
    served = arrivals.where((arrivals.outcome == Outcome.OK) & (arrivals.latency <= prompt))
    return np.sort(served.due + served.latency)


def _most(served: NDArray[np.float64]) -> int:
    """The most that was served within ``WINDOW``, wherever it begins."""
    counts = np.searchsorted(served, served + WINDOW) - np.arange(len(served))
    return int(counts.max(initial=0))
