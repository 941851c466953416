"""The lead of a load: tells its workers when to begin and what is theirs, and sums up.

Under Locust's local runner it stands beside its one worker; under a master, its workers are those
of the master.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # gevent ships no types
from gevent.event import Event  # type: ignore[import-untyped]  # ditto
from locust.runners import STATE_MISSING, LocalRunner, MasterRunner

from codeblue.load._locust.messages import BEGIN, CLOCK, RECORDS, REPORT, STOP, TIME, Data
from codeblue.load._locust.shipping import store
from codeblue.load._locust.summing import summed
from codeblue.load.channel import Channel
from codeblue.load.clocks import Exchange, offset
from codeblue.load.order import Order
from codeblue.load.shares import turns

_HEAD_START = {True: 0.05, False: 0.5}  # seconds; messages to other machines take their time
_EXCHANGES = 8
_ANSWER_TIMEOUT = 2.0
_LOOK_EVERY = 1.0  # for the dead; the living are heard at once
_GRACE = 10.0  # beyond its drain, a worker is given this long to report


class Lead:
    """Runs in a greenlet of its own, from the moment all users are there."""

    def __init__(self, order: Order, channel: Channel, runner: LocalRunner | MasterRunner) -> None:
        self._order = order
        self._channel = channel
        self._runner = runner
        self._reports: dict[int, Data] = {}
        self._times: list[Exchange] = []
        self._told = Event()
        self._drain = order.plan.drain
        self._deadline = float("inf")
        self._reason = ""
        runner.register_message(TIME, self._heard_time)
        runner.register_message(REPORT, self._heard_report)
        runner.register_message(RECORDS, self._heard_records)

    def run(self) -> None:
        """Let every worker begin at the same moment, wait for their reports, and sum up."""
        workers = self._workers()
        offsets = {index: self._offset(client) for index, client in workers.items()}
        turn = turns(self._users(workers))
        local = isinstance(self._runner, LocalRunner)
        started = time.time() + _HEAD_START[local]
        common = {"digest": self._order.digest, "turns": turn, "started": started}
        for index, client in workers.items():
            word = {**common, "index": index, "at": started + offsets[index]}
            self._runner.send_message(BEGIN, word, client)
        gevent.spawn(self._listen)
        self._channel.send(state="started", started=started)
        self._await_reports(workers, started)
        lost = sorted(set(workers) - set(self._reports))
        report = summed(self._order.plan, turn, self._reports, lost, time.time() - started)
        report["reason"] = self._reason or report["reason"]
        self._channel.send(state="finished", started=started, **report)
        self._runner.quit()

    def _workers(self) -> dict[int, str]:
        """The client id of every worker that is alive, by its index."""
        if isinstance(self._runner, LocalRunner):
            return {0: self._runner.client_id}
        return {
            self._index(client.id): client.id
            for client in self._runner.clients.all
            if client.state != STATE_MISSING
        }

    def _users(self, workers: dict[int, str]) -> list[dict[int, int]]:
        """For every stream, how many users each worker has."""
        plan = self._order.plan
        if isinstance(self._runner, LocalRunner):
            return [{0: plan.pool(name)} for name in plan.journeys]
        clients = self._runner.clients
        counts = {index: clients[client].user_classes_count for index, client in workers.items()}
        return [
            {index: count[name] for index, count in counts.items() if count.get(name)}
            for name in plan.journeys
        ]

    def _offset(self, client: str) -> float:
        """The clock of a worker minus ours, in seconds."""
        self._times.clear()
        for _ in range(_EXCHANGES):
            self._told.clear()
            self._runner.send_message(CLOCK, {"asked": time.time()}, client)
            self._told.wait(_ANSWER_TIMEOUT)
        return offset(self._times) if self._times else 0.0

    def _await_reports(self, workers: dict[int, str], started: float) -> None:
        self._deadline = started + self._order.plan.seconds + self._drain + _GRACE
        while time.time() < self._deadline:
            if not set(self._workers()) & set(workers) - set(self._reports):
                return
            self._told.clear()
            self._told.wait(_LOOK_EVERY)

    def _listen(self) -> None:
        """Whoever started the load says stop, or is gone."""
        if self._channel.receive() is None:
            self._reason = "the process that started the load is gone"
            self._drain = 0.0
        self._deadline = time.time() + self._drain + _GRACE
        self._runner.send_message(STOP, {"drain": self._drain})

    def _heard_time(self, msg: Any, **_: Any) -> None:
        self._times.append(Exchange(msg.data["asked"], msg.data["theirs"], time.time()))
        self._told.set()

    def _heard_report(self, msg: Any, **_: Any) -> None:
        self._reports[self._index(msg.node_id)] = msg.data
        self._told.set()

    def _heard_records(self, msg: Any, **_: Any) -> None:
        worker = str(self._index(msg.node_id))
        store(Path(self._order.run), self._order.plan.label, worker, msg.data)

    def _index(self, client: str) -> int:
        if isinstance(self._runner, LocalRunner):
            return 0
        return int(self._runner.get_worker_index(client))  # type: ignore[no-untyped-call]
