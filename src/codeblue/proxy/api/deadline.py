"""A moment that moves: what happens when a client takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `missed` unless it is cleared, or set anew, in time."""

    def __init__(self, missed: Callable[[], None]) -> None:
        self._missed = missed
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Call so many seconds from now, and no longer when it was set before."""
        self.clear()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._missed)

    def clear(self) -> None:
        """Do not call."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
