"""Prepares blocks of lines ahead of the one that is being copied, in a process of its own.

Preparing and storing a line take about as long as each other, so that together they keep two
cores busy. A small file is prepared in this process, which starts faster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context

from reference_platform.load.preparing import Preparation, Prepared

_LARGE = 4 * 1024 * 1024  # bytes of a file
_AHEAD = 8  # blocks that may wait in memory

Block = tuple[int, bytes]
"""The number of the first line, and the lines."""


def helper(size: int) -> AbstractContextManager[Executor | None]:
    """The other process for a file of `size` bytes; None for a small one.

    Enter it before a loop or a thread is started: it forks.
    """
    if size < _LARGE:
        return nullcontext()
    return ProcessPoolExecutor(1, mp_context=get_context("fork"))


def prepared(
    preparation: Preparation, blocks: Iterator[Block], sequence: int, executor: Executor | None
) -> Iterator[Prepared]:
    """The blocks in their order. Raises InputError for a bad line."""
    if executor is None:
        yield from (preparation.prepare(first, lines, sequence) for first, lines in blocks)
        return
    waiting: deque[Future[Prepared]] = deque()
    for first, lines in blocks:
        waiting.append(executor.submit(preparation.prepare, first, lines, sequence))
        if len(waiting) > _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
