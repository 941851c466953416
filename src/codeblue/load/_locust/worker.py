"""One worker of a load, as its lead sees it: tells the time, begins, stops, and reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # gevent ships no types
from locust.runners import LocalRunner, WorkerRunner

from codeblue.load._locust.generator import Generator
from codeblue.load._locust.messages import BEGIN, CLOCK, REPORT, STOP, TIME, Data
from codeblue.load._locust.open_model import OpenModel
from codeblue.load._locust.shipping import Shipment
from codeblue.load.channel import Channel
from codeblue.load.order import Order

OTHER_PLAN = "a worker has another plan, or other journeys, than the lead. Give both the same."


class Worker:
    """Listens to the lead, and answers it."""

    def __init__(
        self,
        order: Order,
        classes: Sequence[type[OpenModel]],
        runner: LocalRunner | WorkerRunner,
        channel: Channel,
    ) -> None:
        self._order = order
        self._classes = classes
        self._runner = runner
        self._channel = channel
        self._generator: Generator | None = None
        runner.register_message(CLOCK, self._tell_time)
        runner.register_message(BEGIN, self._begin)
        runner.register_message(STOP, self._stop)

    def end(self, reason: str) -> None:
        """End at once, with the reason why."""
        if self._generator is not None:
            self._generator.end(reason, drain=0)

    def _tell_time(self, msg: Any, **_: Any) -> None:
        self._send(TIME, {"asked": msg.data["asked"], "theirs": time.time()})

    def _begin(self, msg: Any, **_: Any) -> None:
        if msg.data["digest"] != self._order.digest:
            self._report({"reason": OTHER_PLAN})
            return
        # The runner's listener must not wait for the load, or it would hear nothing of a stop.
        self._generator = Generator(
            self._order, msg.data, self._classes, self._carrier(msg.data["index"])
        )
        gevent.spawn(self._run, self._generator)

    def _run(self, generator: Generator) -> None:
        self._report(generator.run())

    def _stop(self, msg: Any, **_: Any) -> None:
        if self._generator is not None:
            self._generator.end("", drain=msg.data["drain"])

    def _carrier(self, index: int) -> Callable[[], None]:
        """What to do when records are on disk: from another machine they are sent to the lead."""
        if not self._order.remote or isinstance(self._runner, LocalRunner):
            return lambda: None
        run, label = Path(self._order.run), self._order.plan.label
        return Shipment(run, label, str(index), self._runner).send

    def _report(self, report: Data) -> None:
        """To the lead, and on another machine also to who started this worker."""
        self._send(REPORT, report)
        if isinstance(self._runner, WorkerRunner):
            self._channel.send(reason=report["reason"])

    def _send(self, kind: str, data: Data) -> None:
        self._runner.send_message(kind, data)
