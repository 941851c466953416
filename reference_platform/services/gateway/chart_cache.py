"""What the gateways share in Valkey. The platform works without it, only slower."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Self, TypeVar

from valkey.asyncio import Valkey
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.exceptions import ValkeyError

from reference_platform.decisions import Decisions
from reference_platform.decisions.distributed_cache import CacheLostError
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.services.edge import Edge
from reference_platform.settings import Settings

_T = TypeVar("_T")
_NO_DEADLINE = Deadline(None)  # the edge's own limit is the shorter one

# Whoever lost the reservation, to time or to a write, keeps nothing.
_FINISH = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return redis.call('DEL', KEYS[2])
"""


class ChartCache:
    """A `Shared` store. Enter it to make its client, leave it to close it.

    Raises:
        CacheLostError: from every method, when Valkey does not answer in its time.
    """

    def __init__(self, settings: Settings, decisions: Decisions) -> None:
        self._url = settings.cache_url("gateway")
        self._patience = decisions.timeouts_deadlines.cache
        self._edge = Edge("gateway", "valkey", decisions)
        self._client: Valkey
        self._finish: Callable[..., Awaitable[Any]]

    async def __aenter__(self) -> Self:
        """Connects when first used."""
        self._client = Valkey.from_url(
            self._url,
            socket_timeout=self._patience,
            socket_connect_timeout=self._patience,
            retry=Retry(NoBackoff(), 0),
        )
        self._finish = self._client.register_script(_FINISH)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def look(self, key: str) -> bytes | None:
        """What is kept under `key`."""
        return await self._ask(lambda: self._client.get(key))

    async def reserve(self, key: str, token: str, seconds: float) -> bool:
        """Whether the caller is now the one that fills `key`, for so long."""
        lock, life = _lock(key), int(seconds * 1000)
        return bool(await self._ask(lambda: self._client.set(lock, token, px=life, nx=True)))

    async def finish(self, key: str, token: str, content: bytes, seconds: float) -> None:
        """Keep `content` (b"" = nothing) and end the reservation, if it is still `token`'s."""
        keys, arguments = [key, _lock(key)], [token, content, int(seconds * 1000)]
        await self._ask(lambda: self._finish(keys=keys, args=arguments))

    async def drop(self, keys: Iterable[str]) -> None:
        """Remove what is kept, and end every reservation."""
        names = [name for key in keys for name in (key, _lock(key))]
        await self._ask(lambda: self._client.unlink(*names))

    async def _ask(self, command: Callable[[], Awaitable[_T]]) -> _T:
        try:
            return await self._edge.call(_NO_DEADLINE, lambda _limit: command(), repeatable=False)
        except (ValkeyError, OSError, Refusal, asyncio.IncompleteReadError) as error:
            raise CacheLostError(str(error)) from error


def _lock(key: str) -> str:
    return f"{key}:filling"
