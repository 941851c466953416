"""The name of a database connection's type."""

from __future__ import annotations

from typing import Any, TypeAlias

Connection: TypeAlias = Any
"""An asyncpg.Connection inside a transaction; asyncpg is not typed."""
