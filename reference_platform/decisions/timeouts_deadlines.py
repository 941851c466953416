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

DEADLINE_HEADER = "X-Deadline"
"""Carries the milliseconds that are left to the callee."""


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
        limits = [limit for limit in (seconds, self.remaining()) if limit is not None]
        if not limits:
            return self
        return Deadline(asyncio.get_running_loop().time() + min(limits))

    def headers(self) -> dict[str, str]:
        """What tells the callee how long it has."""
        left = self.remaining()
        return {} if left is None else {DEADLINE_HEADER: str(int(left * 1000))}


class TimeoutsDeadlines(Protocol):
    """Limits in seconds (None = none) and the deadline of a request."""

    edge: float | None
    cache: float | None

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

    def deadline(self, header: str | None) -> Deadline:  # noqa: ARG002
        """Never."""
        return Deadline(None)

    def database(self) -> Mapping[str, Any]:
        """No limit on connecting or on a command."""
        return {"timeout": None, "command_timeout": None}


class Production:
    """A second per edge, a quarter for the cache, two for the request, less if the caller says."""

    edge: float | None = 1.0
    cache: float | None = 0.25
    request = 2.0

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
