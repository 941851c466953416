"""Configuration that changes at run time, as every process last knew it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

import asyncpg
import orjson
import structlog

from reference_platform.database import Database
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream

PLATFORM = "*"
"""The tenant of what belongs to the whole platform."""
PLACE = "/internal/configurations"
"""Where records tells services without a database all configurations."""
_EVERY = 1.0  # seconds between two looks
_SOON = 0.1  # seconds until the next look, as long as nothing was ever seen
_PATIENCE = 1.0  # seconds for one look

_log = structlog.get_logger("reference_platform")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version of one tenant's configuration of one name."""

    tenant: str
    name: str
    version: int
    content: Mapping[str, Any]


Source = Callable[[Deadline], Awaitable[list[Configuration]]]
"""Reads all configurations; Refusal, OSError or a database error when it cannot."""


def from_database(database: Database) -> Source:
    """The source of a service that has a database."""

    async def read(deadline: Deadline) -> list[Configuration]:
        async with database.transaction(PLATFORM, deadline) as connection:
            rows = await connection.fetch(
                "SELECT tenant, name, version, content::text FROM configurations"
            )
        return [Configuration(row[0], row[1], row[2], orjson.loads(row[3])) for row in rows]

    return read


def from_records(records: Downstream) -> Source:
    """The source of a service that has none."""

    async def read(deadline: Deadline) -> list[Configuration]:
        reply = await records.send("GET", PLACE, deadline)
        if reply.status != HTTPStatus.OK:
            raise Refusal(reply.status, "records: does not tell the configurations.")
        return [Configuration(**each) for each in orjson.loads(reply.body)]

    return read


class ConfigurationFeed:
    """The last known configurations; enter it to keep them up to date.

    While the source is away everything stays as it was last seen.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[tuple[str, str], Configuration] = {}
        self._looking = asyncio.Lock()
        self._seen = False
        self._task: asyncio.Task[None]

    def value(self, tenant: str, name: str) -> Mapping[str, Any] | None:
        """The content of `name` for `tenant`, None when nobody has set it."""
        known = self._known.get((tenant, name))
        return None if known is None else known.content

    def version(self, tenant: str, name: str) -> int:
        """The version of `name` for `tenant`, 0 when nobody has set it."""
        known = self._known.get((tenant, name))
        return 0 if known is None else known.version

    async def refresh(self) -> None:
        """Look now; Refusal, OSError or a database error when the source is away."""
        # One at a time, so that an older look never overtakes a newer one.
        async with asyncio.timeout(2 * _PATIENCE), self._looking:
            configurations = await self._source(Deadline(None).within(_PATIENCE))
        self._known = {(each.tenant, each.name): each for each in configurations}
        self._seen = True

    async def __aenter__(self) -> Self:
        """Look once, then go on in the background."""
        await self._look()
        self._task = asyncio.create_task(self._poll())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop looking."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_EVERY if self._seen else _SOON)
            await self._look()

    async def _look(self) -> None:
        try:
            await self.refresh()
        except (Refusal, OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
            _log.warning("configurations not read", error=type(e).__name__)
