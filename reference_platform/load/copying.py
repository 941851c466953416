"""The worker that loads one part of a file: prepares its lines, copies them, and waits.

It commits when it is told to, after every other part has been copied too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from time import perf_counter

import asyncpg

from reference_platform.database.connection import Connection
from reference_platform.load.errors import InputError
from reference_platform.load.preparing import (
    IDENTIFIER_COLUMNS,
    RESOURCE_COLUMNS,
    Preparation,
    Prepared,
)
from reference_platform.load.reading import blocks

_TIMEOUT = 30.0  # seconds to connect


@dataclass(frozen=True, slots=True)
class Part:
    """What one process loads; `sequence` is the place of its first line in the order of rows."""

    url: str
    file: Path
    number: int
    of: int
    sequence: int
    preparation: Preparation


@dataclass(slots=True)
class Copied:
    """What a process has copied so far, and the seconds that it took."""

    number: int
    resources: int = 0
    preparing: float = 0.0
    copying: float = 0.0
    finished: bool = False
    patients: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a process gave up; `line` is counted from 0 in its part."""

    number: int
    sentence: str
    line: int | None
    input: bool


def run(part: Part, pipe: Pipe) -> None:
    """The life of the worker: sends Copied again and again, or Failed; receives True to commit."""
    try:
        asyncio.run(_copy_all(part, pipe))
    except (EOFError, BrokenPipeError):
        return  # another part has failed, and nobody listens any more
    except InputError as error:
        _tell(pipe, Failed(part.number, error.sentence, error.line, input=True))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _tell(pipe, Failed(part.number, f"{error}.", None, input=False))


def _tell(pipe: Pipe, failure: Failed) -> None:
    with suppress(BrokenPipeError):
        pipe.send(failure)


async def _copy_all(part: Part, pipe: Pipe) -> None:
    connection = await asyncpg.connect(part.url, timeout=_TIMEOUT)
    transaction = connection.transaction()
    try:
        await transaction.start()
        # A part that waits for another one, because both hold the same id, would wait for ever.
        await connection.execute("SET LOCAL search_path = platform; SET LOCAL lock_timeout = '5s'")
        pipe.send(await _copied(connection, part, pipe))
        if await asyncio.to_thread(pipe.recv):
            await transaction.commit()
        pipe.send(None)
    finally:
        await connection.close(timeout=_TIMEOUT)


async def _copied(connection: Connection, part: Part, pipe: Pipe) -> Copied:
    copied, patients, subjects = Copied(part.number), set[str](), set[str]()
    for first, lines in blocks(part.file, part.number, part.of):
        began = perf_counter()
        prepared = part.preparation.prepare(first, lines, part.sequence)
        copied.preparing += perf_counter() - began
        patients |= prepared.patients
        subjects |= prepared.subjects
        began = perf_counter()
        await _copy(connection, prepared)
        copied.copying += perf_counter() - began
        copied.resources += len(prepared.resources)
        pipe.send(copied)
    copied.patients, copied.subjects, copied.finished = patients, subjects - patients, True
    return copied


async def _copy(connection: Connection, prepared: Prepared) -> None:
    tables: list[tuple[str, Sequence[str], list[bytes]]] = [
        ("resources", RESOURCE_COLUMNS, prepared.resources),
        ("identifiers", IDENTIFIER_COLUMNS, prepared.identifiers),
    ]
    try:
        for table, columns, rows in tables:
            if rows:
                source = _once(b"".join(rows))
                await connection.copy_to_table(table, columns=columns, source=source, format="text")
    except asyncpg.UniqueViolationError as error:
        raise InputError(f"there already: {error.detail}") from error
    except asyncpg.LockNotAvailableError as error:
        raise InputError("an id comes twice, or somebody else writes it now.") from error
    except asyncpg.DataError as error:
        raise InputError(f"cannot be stored: {error}.") from error


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
