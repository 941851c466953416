"""Processes of this machine that write shards, and do not outlive the one that started them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread

_PRELOADED = ["codeblue.patients.writing.shards"]


@contextmanager
def worker_processes(count: int) -> Iterator[Executor]:
    """An executor on ``count`` processes, forked from one that has imported what they need.

    They end at once when the block is left early, and also when this process is killed.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    leash, held = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(
        count, mp_context=context, initializer=_put_on, initargs=(leash,)
    )
    with leash, held:
        try:
            yield executor
            executor.shutdown()
        finally:
            held.close()
            executor.shutdown(cancel_futures=True)


def _put_on(leash: Connection) -> None:
    """Ctrl-C is for the process that holds the leash; when its end is gone, so are we."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(leash,), daemon=True).start()


def _end_with(leash: Connection) -> None:
    leash.poll(None)
    os._exit(1)
