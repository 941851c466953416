"""A population straight into PostgreSQL, by binary COPY.

While one block of rows is sent, a thread prepares the next ones: numpy lets go of the interpreter,
so that the database is what a load waits for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from codeblue.errors import CodeblueError, UsageError
from codeblue.patients.population import Population
from codeblue.patients.writing.job import CHUNK
from codeblue.patients.writing.pgcopy import EPOCH, HEADER, TRAILER, CopyTable

if TYPE_CHECKING:
    import asyncpg

_AHEAD = 3  # blocks that are prepared while one is sent

PERSON = CopyTable(
    "person",
    {
        "person": (">i8", "int8"),
        "birth_date": (">i4", "date"),
        "female": ("?", "boolean"),
        "home": (">i2", "int2"),
    },
    key="person",
)
OBSERVATION = CopyTable(
    "observation",
    {
        "person": (">i8", "int8"),
        "code": (">i2", "int2"),
        "at": (">i8", "timestamptz"),
        "value": (">f4", "float4"),
    },
    key="person, code, at",
)


def person_block(population: Population, start: int, stop: int) -> memoryview:
    """The rows of PERSON of the persons ``start`` to ``stop - 1``."""
    persons = population.persons(start, stop)
    rows = PERSON.rows(stop - start)
    rows["person"] = np.arange(start, stop)
    rows["birth_date"] = (persons.birth_date - EPOCH.astype("datetime64[D]")).astype(np.int64)
    rows["female"] = persons.female
    rows["home"] = persons.home
    return rows.data.cast("B")


def observation_block(population: Population, start: int, stop: int) -> memoryview:
    """The rows of OBSERVATION of the same persons, ordered by person, visit and measurement."""
    persons = population.persons(start, stop)
    tables = population.tables.measurements
    rows = OBSERVATION.rows(stop - start, population.visits, len(tables))
    rows["person"] = np.arange(start, stop)[:, None, None]
    rows["code"] = np.arange(len(tables))
    for number in range(population.visits):
        visit = population.measurements(persons, number)
        rows["at"][:, number] = (visit.taken_at - EPOCH).astype(np.int64)[:, None]
        for code, table in enumerate(tables):
            scale = np.float32(10.0**-table.decimals)
            rows["value"][:, number, code] = visit.values[table.name] * scale
    return rows.reshape(-1).data.cast("B")


Block = Callable[[Population, int, int], memoryview]


@dataclass(frozen=True)
class Copied:
    """How many rows each table got."""

    person: int
    observation: int


def copy_population(population: Population, url: str, schema: str, *, keyed: bool) -> Copied:
    """Make ``schema`` with the tables person, measurement and observation, and fill them.

    All of it is one transaction: an interrupted load leaves nothing.

    Raises:
        UsageError: asyncpg is not installed, or the schema is there already.
        CodeblueError: the database does not answer, or refuses.
    """
    try:
        import asyncpg
    except ImportError as error:
        raise UsageError(
            "asyncpg, which speaks to PostgreSQL, is not installed. "
            "Run: pip install 'codeblue[reference]'"
        ) from error
    import uvloop

    try:
        return uvloop.run(_copy(population, url, schema, keyed=keyed))
    except asyncpg.DuplicateSchemaError as error:
        raise UsageError(
            f'schema "{schema}" is there already. Choose another with --schema, or drop it.'
        ) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CodeblueError(
            f"PostgreSQL: {error or type(error).__name__}. Look at the URL and at the server's log."
        ) from error


async def _copy(population: Population, url: str, schema: str, *, keyed: bool) -> Copied:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await _create(connection, population, schema, keyed=keyed)
            for table, block in ((PERSON, person_block), (OBSERVATION, observation_block)):
                await copy_blocks(connection, schema, table.name, blocks(population, block))
    finally:
        await connection.close(timeout=5)
    visits = population.size * population.visits
    return Copied(population.size, visits * len(population.tables.measurements))


async def _create(
    connection: asyncpg.Connection, population: Population, schema: str, *, keyed: bool
) -> None:
    await connection.execute(f'CREATE SCHEMA "{schema}"')
    for table in (PERSON, OBSERVATION):
        await connection.execute(table.create(schema, keyed=keyed))
    await connection.execute(
        f'CREATE TABLE "{schema}".measurement '
        "(code int2 PRIMARY KEY, name text NOT NULL, loinc text NOT NULL, ucum text NOT NULL)"
    )
    tables = population.tables.measurements
    await connection.copy_records_to_table(
        "measurement",
        schema_name=schema,
        records=[(code, t.name, "|".join(t.loinc), t.ucum) for code, t in enumerate(tables)],
    )


def blocks(population: Population, block: Block) -> Iterator[memoryview]:
    """The rows of all persons, a chunk of persons at a time."""
    for start in range(0, population.size, CHUNK):
        yield block(population, start, min(start + CHUNK, population.size))


async def copy_blocks(
    connection: asyncpg.Connection, schema: str, table: str, rows: Iterator[memoryview]
) -> None:
    """COPY ``rows``, preparing the next blocks in a thread while one is sent."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        await connection.copy_to_table(
            table, schema_name=schema, source=_ahead(thread, rows), format="binary"
        )


async def _ahead(
    thread: ThreadPoolExecutor, rows: Iterator[memoryview]
) -> AsyncIterator[bytes | memoryview]:
    run = asyncio.get_running_loop().run_in_executor
    waiting = deque(run(thread, next, rows, None) for _ in range(_AHEAD))
    yield HEADER
    while (block := await waiting.popleft()) is not None:
        waiting.append(run(thread, next, rows, None))
        yield block
    yield TRAILER
