"""Issues arrivals on time, waits for the last answers, and accounts for all of it."""

from __future__ import annotations

import gc
import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gevent  # type: ignore[import-untyped]  # gevent ships no types
import numpy as np

from codeblue.load._locust.account import Account, Arrival
from codeblue.load._locust.open_model import Pool
from codeblue.load.channel import Channel
from codeblue.load.plan import LoadPlan

_FLUSH_EVERY = 0.5
_HEAD_START = 0.05
_LOOK_EVERY = 0.01
_NOTICE_END = 0.1


class Generator:
    """One load from the first arrival to the last answer. Runs in greenlets of its own."""

    def __init__(
        self, plan: LoadPlan, account: Account, pools: Sequence[Pool], channel: Channel
    ) -> None:
        self._plan = plan
        self._account = account
        self._pools = pools
        self._channel = channel
        self._lateness: list[float] = []
        self._ending = False
        self._reason = ""
        self._drain = plan.drain

    def end(self, reason: str, *, drain: float | None = None) -> None:
        """Issue nothing further; ``reason`` is empty when whoever started the load ends it."""
        self._reason = self._reason or reason
        self._drain = self._drain if drain is None else drain
        self._ending = True

    def run(self, leave: Callable[[], None]) -> None:
        """Issue every arrival, wait for the last answers, report, and ``leave``."""
        # A collection over all that was imported would stall every user at once.
        gc.collect()
        gc.freeze()
        gevent.spawn(self._flush)
        gevent.spawn(self._listen)
        start, busy = time.perf_counter() + _HEAD_START, time.process_time()
        started = time.time() + _HEAD_START
        self._channel.send(state="started")
        self._dispatch(start)
        elapsed = time.perf_counter() - start
        self._wait_for_answers()
        self._account.close()
        self._report(started, elapsed, time.process_time() - busy)
        leave()

    def _dispatch(self, start: float) -> None:
        for offset, journey in schedule(self._plan):
            due = start + offset
            if not self._reaches(due):
                return
            self._lateness.append(time.perf_counter() - due)
            arrival = Arrival(journey, due)
            self._account.arrived(arrival)
            self._pools[journey].give(arrival)
        self._reaches(start + self._plan.seconds)

    def _reaches(self, due: float) -> bool:
        """Sleep until ``due``; false as soon as the load is to end."""
        while (early := due - time.perf_counter()) > 0 and not self._ending:
            gevent.sleep(min(early, _NOTICE_END))
        return not self._ending

    def _wait_for_answers(self) -> None:
        deadline = time.perf_counter() + self._drain
        users = sum(self._plan.pool(journey) for journey in self._plan.journeys)
        # Yield first: an arrival given just now wakes its user only in the next round.
        gevent.sleep(0)
        while sum(pool.idle for pool in self._pools) < users and time.perf_counter() < deadline:
            gevent.sleep(_LOOK_EVERY)

    def _flush(self) -> None:
        while True:
            gevent.sleep(_FLUSH_EVERY)
            self._account.flush()

    def _listen(self) -> None:
        if self._channel.receive() is None:
            self.end("the process that started the load is gone", drain=0)
        else:
            self.end("")

    def _report(self, started: float, elapsed: float, cpu: float) -> None:
        late = np.array(self._lateness or [0.0])
        report: dict[str, Any] = {
            "issued": dict(zip(self._plan.journeys, self._account.issued, strict=True)),
            "lateness_p99": float(np.percentile(late, 99, method="inverted_cdf")),
            "started": started,
            "cpu": cpu,
            "elapsed": elapsed,
            "reason": self._reason,
        }
        self._channel.send(state="finished", **report)


def schedule(plan: LoadPlan) -> Iterator[tuple[float, int]]:
    """``(seconds from the start, index of the journey)`` of every arrival, in order."""
    processes = (
        [(offset, index) for offset in plan.due(journey).tolist()]
        for index, journey in enumerate(plan.journeys)
    )
    return heapq.merge(*processes)
