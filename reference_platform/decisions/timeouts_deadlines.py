"""Switch 15, "Failure recovery mechanisms": how long anything may take.

Without it a partner that accepts and never answers keeps the caller, its connection and its
permit for ever; nothing fails, so nothing recovers.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reference_platform.dependencies import PARTNERS

DEADLINE_HEADER = "X-Deadline"
"""Carries the milliseconds that are left to the callee."""
_PASSED_ON = 0.9


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment (loop time, seconds) at which a request is over; None = never."""

    at: float | None

    def scope(self) -> asyncio.Timeout:
        """A context that raises TimeoutError at the deadline."""
        return asyncio.timeout_at(self.at)

    def remaining(self) -> float | None:
        """Seconds left, never negative."""
        if self.at is None:
            return None
        return max(0.0, self.at - asyncio.get_running_loop().time())

    def within(self, seconds: float | None) -> Deadline:
        """The earlier of this deadline and `seconds` from now."""
        if seconds is None:
            return self
        at = asyncio.get_running_loop().time() + seconds
        return self if self.at is not None and self.at <= at else Deadline(at)

    def headers(self) -> dict[str, str]:
        """What tells the callee how long it has: less than we do, so that we hear its answer."""
        left = self.remaining()
        return {} if left is None else {DEADLINE_HEADER: str(int(left * _PASSED_ON * 1000))}


class TimeoutsDeadlines(Protocol):
    """Limits in seconds (None = none) and the deadline of a request."""

    edge: float | None
    cache: float | None

    def limit(self, dependency: str) -> float | None:
        """Seconds for one attempt to call `dependency`."""
        ...

    def deadline(self, header: str | None) -> Deadline:
        """The deadline of a request that arrives now with this `X-Deadline`."""
        ...

    def database(self) -> Mapping[str, Any]:
        """Arguments of `asyncpg.create_pool`."""
        ...


class Pilot:
    """Library defaults at their most patient: nothing ever times out."""

    edge: float | None = None
    cache: float | None = None

    def limit(self, dependency: str) -> float | None:  # noqa: ARG002
        """None."""
        return None

    def deadline(self, header: str | None) -> Deadline:  # noqa: ARG002
        """Never."""
        return Deadline(None)

    def database(self) -> Mapping[str, Any]:
        """No limit on connecting or on a command."""
        return {"timeout": None, "command_timeout": None}


class Production:
    """A second per partner and for the database, a quarter for the cache, one and a half for a
    service, which may wait for any of these; two for the request, less if the caller says.
    """

    edge: float | None = 1.0
    cache: float | None = 0.25
    service = 1.5
    request = 2.0

    def limit(self, dependency: str) -> float | None:
        """By what it may have to wait for itself."""
        if dependency == "valkey":
            return self.cache
        return self.edge if dependency in PARTNERS else self.service

    def deadline(self, header: str | None) -> Deadline:
        """Two seconds from now, or sooner when the caller has less."""
        return Deadline(asyncio.get_running_loop().time() + self._allowance(header))

    def _allowance(self, header: str | None) -> float:
        try:
            asked = float(header) / 1000 if header else self.request
        except ValueError:
            return self.request
        return min(max(asked, 0.0), self.request) if math.isfinite(asked) else self.request

    def database(self) -> Mapping[str, Any]:
        """Limits on both sides: a statement ends even when its caller cannot be reached."""
        milliseconds = {
            "statement_timeout": "1000",
            "lock_timeout": "900",
            "idle_in_transaction_session_timeout": "2000",
        }
        return {"timeout": 1.0, "command_timeout": 1.0, "server_settings": milliseconds}
