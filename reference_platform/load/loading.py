"""Loads one file: a worker per part, each with a transaction of its own, all committed at the end.

The indexes stay, so the platform may run meanwhile. Rows are numbered in the order of the file,
whichever process copies them, so that the last line is the newest resource.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection as pipes
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

import asyncpg

from reference_platform.load.copying import Copied, Failed, Part, run
from reference_platform.load.errors import InputError
from reference_platform.load.preparing import Preparation
from reference_platform.load.reading import lines_before, parts

_SPAN = 2**32
"""More lines than a part can have."""
_TIMEOUT = 30.0  # seconds
_COMMIT = True
_RESERVE = """
    SELECT setval(pg_get_serial_sequence('platform.resources', 'sequence'),
        nextval(pg_get_serial_sequence('platform.resources', 'sequence')) + $1)
"""
_MISSING = """
    SELECT wanted.id FROM unnest($1::text[]) AS wanted (id) WHERE NOT EXISTS (
        SELECT 1 FROM platform.resources known
        WHERE known.id = wanted.id AND known.type = 'Patient' AND known.tenant = $2
    ) LIMIT 1
"""

Progress = Callable[[int], None]
"""Told how many resources of the file have been copied."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one file; the seconds of its processes are added up."""

    file: str
    resources: int
    preparing: float
    copying: float
    seconds: float


def load(
    url: str, file: Path, preparation: Preparation, progress: Progress = lambda _count: None
) -> Loaded:
    """Load `file` into the database at `url`, as a role that row-level security does not bind.

    Nothing of it is stored, unless the database is lost between the commits of two parts, when it
    raises InputError for what is wrong with the file, or ConnectionError for the database.
    """
    began, count = perf_counter(), parts(file)
    first = asyncio.run(_ask(url, _RESERVE, count * _SPAN)) - count * _SPAN
    wanted = [Part(url, file, n, count, first + n * _SPAN, preparation) for n in range(count)]
    workers = [_start(part) for part in wanted]
    try:
        copied = _gather(file, [pipe for _, pipe in workers], progress)
        _require_patients(url, preparation.tenant, copied)
        for _, pipe in workers:
            pipe.send(_COMMIT)
        for _, pipe in workers:
            _received(file, count, pipe)
    finally:
        _end(workers)
    return Loaded(
        str(file), sum(each.resources for each in copied),
        sum(each.preparing for each in copied), sum(each.copying for each in copied),
        perf_counter() - began,
    )  # fmt: skip


Worker = tuple[BaseProcess | Thread, pipes.Connection]


def _start(part: Part) -> Worker:
    """The first part is loaded by this process, which has nothing else to do."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    if part.number == 0:
        thread = Thread(target=run, args=(part, theirs), daemon=True)
        thread.start()
        return thread, ours
    process = context.Process(target=run, args=(part, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _end(workers: Sequence[Worker]) -> None:
    """Who was not told to commit finds the pipe closed, and the transaction ends."""
    for worker, pipe in workers:
        pipe.close()
        worker.join(_TIMEOUT)
        if isinstance(worker, BaseProcess):
            worker.kill()


def _gather(file: Path, open_: Sequence[pipes.Connection], progress: Progress) -> list[Copied]:
    """What every process has copied, once they all have."""
    latest: dict[int, Copied] = {}
    while not (len(latest) == len(open_) and all(each.finished for each in latest.values())):
        for pipe in pipes.wait(open_):
            copied = _received(file, len(open_), pipe)  # type: ignore[arg-type]
            if copied is not None:
                latest[copied.number] = copied
        progress(sum(each.resources for each in latest.values()))
    return list(latest.values())


def _received(file: Path, count: int, pipe: pipes.Connection) -> Copied | None:
    """The next message of a process; its failure is raised here."""
    try:
        message: Copied | Failed | None = pipe.recv()
    except EOFError:
        raise ConnectionError("a loading process ended before its time") from None
    if not isinstance(message, Failed):
        return message
    if not message.input:
        raise ConnectionError(message.sentence)
    line = message.line
    if line is not None:
        line += lines_before(file, message.number, count) + 1
    raise InputError(message.sentence, line)


def _require_patients(url: str, tenant: str, copied: Sequence[Copied]) -> None:
    """Everything must be about a patient of the tenant, from this file or an earlier one."""
    loaded = set[str]().union(*(each.patients for each in copied))
    unknown = set[str]().union(*(each.subjects for each in copied)) - loaded
    missing = asyncio.run(_ask(url, _MISSING, list(unknown), tenant)) if unknown else None
    if missing is not None:
        raise InputError(f"Patient/{missing}: not known to {tenant}. Load the patients first.")


async def _ask(url: str, statement: str, *arguments: object) -> Any:
    connection = await asyncpg.connect(url, timeout=_TIMEOUT)
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close(timeout=_TIMEOUT)
