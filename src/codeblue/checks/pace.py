"""Requests at a steady pace, each timed from when it was due and not from when it was sent.

Whoever waits for an answer before he asks again asks less often the slower the answers are, and
sees too little of a freeze (coordinated omission).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import numpy as np

from codeblue.load.result import percentile

AT_ONCE = 100
"""Requests that may wait for an answer at the same time."""


@dataclass(frozen=True)
class Timed:
    """One request: how late it was sent, and when it was answered, in seconds after it was due.

    ``status`` is that of HTTP, 0 when the connection ended without an answer.
    """

    lateness: float
    seconds: float
    status: int


@contextmanager
def paced(send: Callable[[int], int], rate: float) -> Iterator[list[Timed]]:
    """``send(0)``, ``send(1)``, ... at ``rate`` per second for as long as the block lasts.

    ``send`` returns a status. Every request that was due is sent and waited for; the list is
    complete when the block is left.
    """
    timed: list[Timed] = []
    done = threading.Event()
    with ThreadPoolExecutor(AT_ONCE, "paced") as pool:
        clock = pool.submit(_dispatch, pool, send, rate, done)
        try:
            yield timed
        finally:
            done.set()
        timed += [future.result() for future in clock.result()]


def p95(timed: Sequence[Timed]) -> float:
    """The 95th percentile, nearest rank, in milliseconds; 0 when nothing was sent."""
    return percentile(np.array([one.seconds * 1000 for one in timed]), 95) or 0.0


def _dispatch(
    pool: ThreadPoolExecutor, send: Callable[[int], int], rate: float, done: threading.Event
) -> list[Future[Timed]]:
    began = time.monotonic()
    sent: list[Future[Timed]] = []
    while not done.wait(max(0.0, began + len(sent) / rate - time.monotonic())):
        sent.append(pool.submit(_timed, send, len(sent), began + len(sent) / rate))
    return sent


def _timed(send: Callable[[int], int], number: int, due: float) -> Timed:
    lateness = time.monotonic() - due
    try:
        status = send(number)
    except httpx.TransportError:
        status = 0
    return Timed(lateness, time.monotonic() - due, status)
