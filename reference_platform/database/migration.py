"""Brings a PostgreSQL database to the platform's schema, however often it is asked."""

from __future__ import annotations

from importlib import resources

import asyncpg

_LOCK = 0x0C0DEB10E  # so that two supervisors on one database take turns


async def migrate(superuser_dsn: str, *, password: str, timeout: float = 30.0) -> None:  # noqa: ASYNC109
    """Create tables, policies and roles, and give both roles `password`.

    Roles: `platform_app` obeys row-level security, `platform_pilot` sees every row; neither owns
    anything nor is a superuser. `timeout` in seconds bounds the connection and each statement.
    Raises asyncpg.PostgresError or OSError.
    """
    schema = resources.files("reference_platform.database").joinpath("schema.sql").read_text()
    connection = await asyncpg.connect(superuser_dsn, timeout=timeout, command_timeout=timeout)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await connection.execute("SELECT set_config('platform.password', $1, true)", password)
            await connection.execute(schema)
    finally:
        await connection.close(timeout=timeout)
