"""PostgreSQL: the schema, its roles, and the pool through which a service speaks to it."""

from __future__ import annotations

from reference_platform.database.migration import migrate
from reference_platform.database.pool import Database

__all__ = ["Database", "migrate"]
