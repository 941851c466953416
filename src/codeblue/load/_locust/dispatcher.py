"""Issues every arrival when it is due, whatever became of those before it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np
from gevent import get_hub  # type: ignore[import-untyped]  # gevent ships no types
from gevent.event import Event  # type: ignore[import-untyped]  # ditto

from codeblue.load._locust.account import Account, Arrival
from codeblue.load._locust.open_model import Pool
from codeblue.load.planning.plan import Schedule


class Dispatcher:
    """Gives the arrivals of ``schedule`` to the pools of their streams.

    It is one timer of the event loop, not a greenlet: an idle user acts inside the timer's call, so
    an arrival costs no further turn of the loop. ``start`` is second 0 on ``perf_counter``.
    """

    def __init__(
        self, schedule: Schedule, account: Account, pools: Sequence[Pool], start: float
    ) -> None:
        self.finished = Event()
        self._due: list[float] = schedule.due.tolist()
        self._stream: list[int] = schedule.stream.tolist()
        self._account = account
        self._pools = pools
        self._start = start
        self._next = 0
        self._lateness = array("f")
        self._timer: Any = None

    def begin(self) -> None:
        """Arm the timer for the first arrival."""
        self._arm()

    def end(self) -> None:
        """Issue nothing further."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None
        self._next = len(self._due)
        self.finished.set()

    @property
    def lateness_p99(self) -> float:
        """Seconds by which all but 1 % of the arrivals were issued after they were due, at most."""
        late = np.frombuffer(self._lateness, np.float32)
        return float(np.percentile(late, 99, method="inverted_cdf")) if len(late) else 0.0

    def _issue(self) -> None:
        """Called by the event loop: give everything that is due, then wait for the next."""
        while self._next < len(self._due):
            due, stream = self._due[self._next], self._stream[self._next]
            late = perf_counter() - self._start - due
            if late < 0:
                break
            self._next += 1
            self._lateness.append(late)
            arrival = Arrival(stream, due)
            self._account.arrived(arrival)
            self._pools[stream].give(arrival)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.close()
            self._timer = None
        if self._next == len(self._due):
            self.finished.set()
            return
        wait = self._due[self._next] - (perf_counter() - self._start)
        self._timer = get_hub().loop.timer(max(wait, 0.0))
        self._timer.start(self._issue)
