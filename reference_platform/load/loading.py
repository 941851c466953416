"""Loads one file in one transaction: all of it is stored, or nothing."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg

from reference_platform.load import indexes
from reference_platform.load.copying import Copying, Progress
from reference_platform.load.errors import InputError
from reference_platform.load.preparing import Preparation

_SPAN = 2**32
"""More lines than a file can have. Rows are numbered in their order: the last one is the newest."""
_TIMEOUT = 30.0  # seconds
_SETTINGS = "SET LOCAL search_path = platform; SET LOCAL lock_timeout = '5s'"
_RESERVE = """
    SELECT setval(pg_get_serial_sequence('platform.resources', 'sequence'),
        nextval(pg_get_serial_sequence('platform.resources', 'sequence')) + $1)
"""
_PATIENTS = "SELECT id FROM platform.resources WHERE type = 'Patient' AND tenant = $1"
_MISSING = """
    SELECT wanted.id FROM unnest($1::text[]) AS wanted (id) WHERE NOT EXISTS (
        SELECT 1 FROM platform.resources known
        WHERE known.id = wanted.id AND known.type = 'Patient' AND known.tenant = $2
    ) LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one file, and the seconds that it took.

    `preparing` of them went into its lines, and `indexing` into indexes that were made again.
    """

    file: str
    resources: int
    preparing: float
    indexing: float
    seconds: float


def load(
    url: str,
    file: Path,
    preparation: Preparation,
    progress: Progress = lambda _count: None,
    *,
    rebuild: bool | None = None,
) -> Loaded:
    """Load `file` into the database at `url`, as a role that row-level security does not bind.

    `rebuild` says whether the indexes are dropped meanwhile, which locks the tables for everybody
    else; None leaves it to their size. Nothing is stored when it raises InputError for what is
    wrong with the file, OSError, asyncpg.PostgresError or asyncpg.InterfaceError.
    """
    copying = Copying(file, preparation, progress)
    with _without_collection():
        return asyncio.run(_load(url, copying, file.stat().st_size, rebuild=rebuild))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Millions of objects come and go here and hardly a cycle; looking for some takes a tenth."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


async def _load(url: str, copying: Copying, size: int, *, rebuild: bool | None) -> Loaded:
    began = perf_counter()
    connection = await asyncpg.connect(url, timeout=_TIMEOUT)
    try:
        copying.sequence = await connection.fetchval(_RESERVE, _SPAN) - _SPAN
        if rebuild is None:
            rebuild = await indexes.worth_dropping(connection, size)
        async with connection.transaction():
            await connection.execute(_SETTINGS)
            indexing = await _copied(connection, copying, rebuild=rebuild)
            await _require_patients(connection, copying)
    finally:
        await connection.close(timeout=_TIMEOUT)
    seconds = perf_counter() - began
    return Loaded(str(copying.file), copying.resources, copying.preparing, indexing, seconds)


async def _copied(connection: Any, copying: Copying, *, rebuild: bool) -> float:
    """Copy the file; the seconds that its indexes took afterwards."""
    try:
        dropped = await indexes.drop(connection) if rebuild else []
        if rebuild:  # there are fewer rows than will come, and nobody can change them
            known = await connection.fetch(_PATIENTS, copying.preparation.tenant)
            copying.patients.update(row["id"] for row in known)
        await copying.run(connection)
        began = perf_counter()
        await indexes.create(connection, dropped)
        return perf_counter() - began
    except asyncpg.UniqueViolationError as error:
        raise InputError(f"there already: {error.detail}") from error
    except asyncpg.LockNotAvailableError as error:
        raise InputError("somebody else holds the tables or an id. Try again later.") from error
    except asyncpg.DataError as error:
        raise InputError(f"cannot be stored: {error}.") from error


async def _require_patients(connection: Any, copying: Copying) -> None:
    """Everything must be about a patient of the tenant, from this file or an earlier one."""
    unknown, tenant = copying.subjects - copying.patients, copying.preparation.tenant
    missing = await connection.fetchval(_MISSING, list(unknown), tenant) if unknown else None
    if missing is not None:
        raise InputError(f"Patient/{missing}: not known to {tenant}. Load the patients first.")
