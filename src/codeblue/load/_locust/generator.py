"""Issues one worker's share of the arrivals, waits for the last answers, and accounts for all."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import gevent  # type: ignore[import-untyped]  # gevent ships no types
from gevent.event import Event  # type: ignore[import-untyped]  # ditto

from codeblue.journal import RequestWriter
from codeblue.load._locust.account import Account
from codeblue.load._locust.dispatcher import Dispatcher
from codeblue.load._locust.messages import Data
from codeblue.load._locust.open_model import OpenModel
from codeblue.load.journey import Journey
from codeblue.load.ledger import LedgerWriter
from codeblue.load.order import Order
from codeblue.load.shares import share

_FLUSH_EVERY = 0.5
_LOOK_EVERY = 0.01


class Generator:
    """One worker's part of a load, from its first arrival to its last answer.

    ``begin`` is the word of the lead (see ``BEGIN``); ``flushed`` is called whenever records have
    been put on disk.
    """

    def __init__(
        self,
        order: Order,
        begin: Data,
        classes: Sequence[type[OpenModel]],
        flushed: Callable[[], None],
    ) -> None:
        plan, label = order.plan, str(begin["index"])
        random.seed(f"{plan.seed}:{label}")
        run, mine = Path(order.run), share(plan.schedule(), begin["turns"], begin["index"])
        writer = RequestWriter(run / "requests", plan.label, label, begin["started"])
        Journey.ledger = LedgerWriter(run, plan.label, label)
        self._start = time.perf_counter() + begin["at"] - time.time()
        self._account = Account(writer, list(plan.journeys), self._start, self._give_up)
        self._pools = [each.pool for each in classes]
        self._dispatcher = Dispatcher(mine, self._account, self._pools, self._start)
        self._users = sum(turn.count(begin["index"]) for turn in begin["turns"])
        self._plan, self._flushed = plan, flushed
        self._drain, self._reason = plan.drain, ""
        self._ended = Event()
        for each in classes:
            each.account = self._account

    def end(self, reason: str, *, drain: float | None = None) -> None:
        """Issue nothing further; ``reason`` is empty when whoever started the load ends it."""
        self._reason = self._reason or reason
        self._drain = self._drain if drain is None else drain
        self._dispatcher.end()
        self._ended.set()

    def run(self) -> Data:
        """Issue every arrival and wait for the last answers; returns the report."""
        # A collection over all that was imported would stall every user at once.
        gc.collect()
        gc.freeze()
        flushing = gevent.spawn(self._flush)
        busy = time.process_time()
        self._dispatcher.begin()
        self._ended.wait(self._start + self._plan.seconds - time.perf_counter())
        self._dispatcher.end()
        elapsed, used = time.perf_counter() - self._start, time.process_time() - busy
        self._wait_for_answers()
        flushing.kill()
        self._account.close()
        self._flushed()
        return {
            "issued": self._account.issued,
            "lateness_p99": self._dispatcher.lateness_p99,
            "elapsed": elapsed,
            "cpu": time.process_time() - busy,
            "cpu_share": used / max(elapsed, _FLUSH_EVERY),
            "reason": self._reason,
        }

    def _give_up(self, reason: str) -> None:
        self.end(reason, drain=0)

    def _wait_for_answers(self) -> None:
        deadline = time.perf_counter() + self._drain
        while self._busy() and time.perf_counter() < deadline:
            gevent.sleep(_LOOK_EVERY)

    def _busy(self) -> bool:
        return bool(sum(pool.idle for pool in self._pools) < self._users)

    def _flush(self) -> None:
        while True:
            gevent.sleep(_FLUSH_EVERY)
            self._account.flush()
            self._flushed()
