"""Turns at the event loop, so that no flood of bytes keeps the API, and what heals, waiting."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import Protocol

ROUND_SECONDS = 0.02
"""What bulk data may take of one round of the event loop, whatever the toxics do with it."""
RESUMED = 32
"""How many resume in one round, because reading what follows takes time as well."""


class Waiting(Protocol):
    """Who has bulk data that waits for its turn."""

    def resume(self) -> None:
        """Pass it on."""


class Turns:
    """Measures the rounds of the event loop; those who come too late in one wait for the next."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._measuring = False
        self._end = 0.0

    def over(self) -> bool:
        """Whether this round has taken long enough."""
        if self._measuring:
            return monotonic() >= self._end
        self._measuring = True
        self._end = monotonic() + ROUND_SECONDS
        asyncio.get_running_loop().call_soon(self._next_round)
        return False

    def wait(self, one: Waiting) -> None:
        """Let `one` resume when it is its turn, first come, first served."""
        self._waiting.append(one)

    def _next_round(self) -> None:
        self._end = monotonic() + ROUND_SECONDS
        for _ in range(min(RESUMED, len(self._waiting))):
            self._waiting.popleft().resume()
            if monotonic() >= self._end:
                break
        self._measuring = bool(self._waiting)
        if self._measuring:
            asyncio.get_running_loop().call_soon(self._next_round)
