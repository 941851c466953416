"""The platform's clock: real time, moved forward by as much as a test has asked for.

Retention periods and token lives last years and hours; a test that waits for them moves the clock
instead. Only a platform started in test mode lets anybody do so.
"""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime

_OFFSET = struct.Struct("d")


class Clock:
    """Seconds since the epoch. Processes forked after it was made share its offset at once."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _OFFSET.size)

    @property
    def offset(self) -> float:
        """By how many seconds it runs ahead of real time."""
        return float(_OFFSET.unpack_from(self._shared)[0])

    def advance(self, seconds: float) -> None:
        """Move it forward, for every process of this platform. ValueError when it would go back."""
        if seconds < 0:
            raise ValueError("clock: time does not go back. Send seconds >= 0.")
        _OFFSET.pack_into(self._shared, 0, self.offset + seconds)

    def time(self) -> float:
        """Now, in seconds since the epoch."""
        return time.time() + self.offset

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)
