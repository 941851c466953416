"""Backing services: PostgreSQL and Valkey, embedded by default, external by URL."""

from __future__ import annotations

from reference_platform.backing.postgresql import PostgreSQL
from reference_platform.backing.service import BackingError, BackingService, External
from reference_platform.backing.valkey import Valkey

__all__ = ["BackingError", "BackingService", "External", "PostgreSQL", "Valkey"]
