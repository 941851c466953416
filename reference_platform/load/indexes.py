"""Indexes by random keys, dropped before many rows are copied, and made again from all of them.

In a table that grows by more than it has held, sorting once costs less than finding the place of
each row, most of all when the pages of an index do not fit into memory. Indexes that grow in the
order of the rows, or that hold few of them, cost less to keep.
"""

from __future__ import annotations

from typing import Any

_NAMES = "'resources_pkey', 'resources_by_patient', 'identifiers_pkey', 'identifiers_by_resource'"
_KNOWN = f"""
    SELECT i.indrelid::regclass::text AS relation, i.indexrelid::regclass::text AS name,
        quote_ident(c.conname) AS key, pg_get_constraintdef(c.oid) AS constrained,
        pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i JOIN pg_class n ON n.oid = i.indexrelid
        LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
    WHERE n.relnamespace = 'platform'::regnamespace AND n.relname IN ({_NAMES})
    ORDER BY i.indexrelid
"""  # noqa: S608 - constants of this file
_SIZE = "SELECT pg_table_size('platform.resources')"
_LARGE = 4 * 1024 * 1024  # bytes of a file; below it nobody notices the difference


async def worth_dropping(connection: Any, size: int) -> bool:
    """Whether a file of so many bytes is large, and larger than what is there."""
    return size > _LARGE and size > await connection.fetchval(_SIZE)


async def drop(connection: Any) -> list[str]:
    """Drop them, which locks the tables until the transaction ends; how to make them again.

    Raises asyncpg.LockNotAvailableError.
    """
    await connection.execute(
        "LOCK TABLE platform.resources, platform.identifiers IN ACCESS EXCLUSIVE MODE"
    )
    again = []
    for each in await connection.fetch(_KNOWN):
        if each["key"]:
            table = f"ALTER TABLE {each['relation']}"
            await connection.execute(f"{table} DROP CONSTRAINT {each['key']}")
            again.append(f"{table} ADD CONSTRAINT {each['key']} {each['constrained']}")
        else:
            await connection.execute(f"DROP INDEX {each['name']}")
            again.append(each["definition"])
    return again


async def create(connection: Any, statements: list[str]) -> None:
    """Make the indexes again. Raises asyncpg.UniqueViolationError: a key was copied twice."""
    await connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for statement in statements:
        await connection.execute(statement)
