"""Brings a PostgreSQL database to the platform's schema, however often it is asked.

The files of `schema/` run in the order of their names, then what the decisions ask for. Every
statement may run again on a database that already has it, and uses only functions of PostgreSQL
itself: the embedded server ships no contrib modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

import asyncpg

_LOCK = 0x0C0DEB10E  # so that two supervisors on one database take turns


async def migrate(
    superuser_dsn: str,
    *,
    password: str,
    statements: Iterable[str] = (),
    timeout: float = 30.0,  # noqa: ASYNC109
) -> None:
    """Create tables, policies and roles, give both roles `password`, then run `statements`.

    Roles: `platform_app` obeys row-level security, `platform_pilot` sees every row; neither owns
    anything nor is a superuser. `timeout` in seconds bounds the connection and each statement.
    Raises asyncpg.PostgresError or OSError.
    """
    connection = await asyncpg.connect(superuser_dsn, timeout=timeout, command_timeout=timeout)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await connection.execute("SELECT set_config('platform.password', $1, true)", password)
            await connection.execute("SET LOCAL search_path = platform")
            for sql in [*_schema(), *statements]:
                await connection.execute(sql)
    finally:
        await connection.close(timeout=timeout)


def _schema() -> list[str]:
    folder = resources.files("reference_platform.database").joinpath("schema")
    return [file.read_text("utf-8") for file in sorted(folder.iterdir(), key=lambda f: f.name)]
