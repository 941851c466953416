"""Writes all shards of a job: in this process, on several, or on a Dask cluster. Same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from itertools import islice

from codeblue.errors import CodeblueError
from codeblue.patients.writing.distributed import dask_workers
from codeblue.patients.writing.files import sweep
from codeblue.patients.writing.job import Job, Written
from codeblue.patients.writing.manifest import claim, finish
from codeblue.patients.writing.shards import write_shard
from codeblue.patients.writing.workers import worker_processes

_QUEUED = 2  # shards per worker that are handed out, so that none waits for the next


def generate(job: Job, *, workers: int = 1, dask: str | None = None) -> Iterator[Written]:
    """Write all shards of ``job``, and say of each what was written, as soon as it is.

    Raises:
        UsageError: the folder holds something else, or an extra is not installed.
        CodeblueError: the folder cannot be written, or a worker was killed.
    """
    claim(job)
    total = Written()
    try:
        for written in _shards(job, workers, dask):
            total += written
            yield written
    except OSError as error:
        raise CodeblueError(
            f"{job.out}: cannot be written ({error.strerror or error}). "
            "Make room or choose another folder; the same command then starts afresh."
        ) from error
    except BrokenProcessPool as error:
        raise CodeblueError(
            f"{job.out}: a worker was killed, perhaps for want of memory. "
            "Run the same command with fewer workers."
        ) from error
    finally:
        sweep(job.out)
    finish(job, total)


def _shards(job: Job, workers: int, dask: str | None) -> Iterator[Written]:
    if dask is None and workers == 1:
        yield from (write_shard(job, number) for number in job.shards)
        return
    with ExitStack() as stack:
        if dask is not None:
            executor, workers = stack.enter_context(dask_workers(dask))
        else:
            executor = stack.enter_context(worker_processes(workers))
        yield from _spread(job, executor, workers * _QUEUED)


def _spread(job: Job, executor: Executor, most: int) -> Iterator[Written]:
    """What the shards came to, in the order in which they end; at most so many are under way."""
    numbers = iter(job.shards)
    under_way: set[Future[Written]] = set()
    while under_way or (under_way := _submit(job, executor, numbers, most)):
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        under_way |= _submit(job, executor, numbers, most - len(under_way))
        yield from (future.result() for future in done)


def _submit(
    job: Job, executor: Executor, numbers: Iterator[int], most: int
) -> set[Future[Written]]:
    return {executor.submit(write_shard, job, number) for number in islice(numbers, most)}
