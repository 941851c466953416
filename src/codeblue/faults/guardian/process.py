"""The guardian's side: read orders until they end, heal when they end or stop coming."""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

from codeblue.faults.guardian.mending import mend
from codeblue.faults.guardian.watchlist import Watched, Watchlist

_ORDERS, _ANSWERS = 0, 1
_READ_BYTES = 1 << 16
_LATE_SECONDS = 0.3


def main() -> None:
    """Serve one holder to its end."""
    # Ctrl-C does not come here anyway; and a guardian that can be asked to leave guards nothing.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watchlist = Watchlist(time.monotonic())
    menders: list[threading.Thread] = []
    for order in _orders(watchlist, menders):
        watchlist.obey(order, time.monotonic())
        _answer(order["number"])
    for thread in menders:
        thread.join()
    for thread in _mend(watchlist.watched(), "died"):
        thread.join()


def _orders(watchlist: Watchlist, menders: list[threading.Thread]) -> Iterator[dict[str, object]]:
    """Orders as they come, to the end of them; a silence in between sets the menders to work."""
    rest = b""
    while True:
        asked = time.monotonic()
        patience = watchlist.patience(asked)
        if select.select([_ORDERS], [], [], patience)[0]:
            data = os.read(_ORDERS, _READ_BYTES)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from map(json.loads, lines)
        elif _held_up(asked, patience or 0.0) and not _holder_is_stopped():
            watchlist.forgive(time.monotonic())
        elif watchlist.fell_silent(time.monotonic()):
            menders += _mend(watchlist.watched(), "fell silent")


def _held_up(asked: float, patience: float) -> bool:
    """Whether the machine kept this process waiting, and so, it may be, its holder, too."""
    return time.monotonic() > asked + patience + _LATE_SECONDS


def _holder_is_stopped() -> bool:
    try:
        return psutil.Process(os.getppid()).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return True  # it ended; the end of the orders says so next


def _answer(number: object) -> None:
    with suppress(BrokenPipeError):  # the holder died; the end of the orders says so next
        os.write(_ANSWERS, json.dumps({"number": number}).encode() + b"\n")


def _mend(watched: list[Watched], why: str) -> list[threading.Thread]:
    threads = [threading.Thread(target=mend, args=(each, why)) for each in watched]
    for thread in threads:
        thread.start()
    return threads
