"""Locust as it comes, for comparison: ``KIND`` is ``poisson`` or ``throughput``.

Prints one JSON object: CPU microseconds per request (``cpu_us``) and the exact 99th percentile
(``p99_ms``) of ``SECONDS`` seconds.
"""

from __future__ import annotations

import json
import os
import random
import time
from typing import Any

import gevent  # type: ignore[import-untyped]  # gevent ships no types
from locust import FastHttpUser, constant_throughput, events, task

KIND, USERS = os.environ["KIND"], int(os.environ["USERS"])
RATE, SECONDS = float(os.environ["RATE"]), float(os.environ["SECONDS"])
SETTLED = 2.0

times: list[float] = []


def poisson(_user: FastHttpUser) -> float:
    """Arrivals of all users together are nearly a Poisson process."""
    return random.expovariate(RATE / USERS)


class Visit(FastHttpUser):
    """What the measured journey of ours does, written for plain Locust."""

    wait_time = poisson if KIND == "poisson" else constant_throughput(RATE / USERS)

    @task
    def visit(self) -> None:
        """A write with its answer read, and a read; only the read in the freeze test."""
        if KIND == "poisson":
            order = {"patient": "p1", "code": "CBC", "quantity": 2}
            with self.client.post("/v1/orders", json=order, catch_response=True) as answer:
                answer.json()["id"]
        self.client.get("/v1/orders")


@events.request.add_listener  # type: ignore[untyped-decorator]  # as Locust has it
def note(response_time: float, **_: Any) -> None:
    """Keep every response time."""
    times.append(response_time)


@events.init.add_listener  # type: ignore[untyped-decorator]  # ditto
def measure(environment: Any, **_: Any) -> None:
    """Once all users are there and have settled."""

    def count() -> None:
        gevent.sleep(SETTLED)
        times.clear()
        busy = time.process_time()
        gevent.sleep(SECONDS)
        used = time.process_time() - busy
        times.sort()
        found = {"cpu_us": used * 1e6 / len(times), "p99_ms": times[int(len(times) * 0.99)]}
        print(json.dumps(found), flush=True)
        environment.runner.quit()

    environment.events.spawning_complete.add_listener(lambda **_: gevent.spawn(count))
