"""Owners that must keep renewing; the faults of one that falls silent are healed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass
class Lease:
    """Until when an owner's faults may last, in monotonic seconds."""

    deadline: float
    timer: asyncio.TimerHandle

    def left_ms(self) -> int:
        """Milliseconds until it expires."""
        return max(0, round((self.deadline - monotonic()) * 1000))


class Leases:
    """All living leases; `heal` is called with the owner when one ends, by expiry or by request."""

    def __init__(self, heal: Callable[[str], None]) -> None:
        self._heal = heal
        self._living: dict[str, Lease] = {}

    def __contains__(self, owner: str) -> bool:
        return owner in self._living

    def left_ms(self) -> dict[str, int]:
        """Owner -> milliseconds until its lease expires, by owner's name."""
        return {owner: self._living[owner].left_ms() for owner in sorted(self._living)}

    def renew(self, owner: str, milliseconds: int) -> None:
        """Let the owner's lease last so many milliseconds from now; creates it when unknown."""
        seconds = milliseconds / 1000
        timer = asyncio.get_running_loop().call_later(seconds, self.end, owner)
        if previous := self._living.get(owner):
            previous.timer.cancel()
        self._living[owner] = Lease(monotonic() + seconds, timer)

    def end(self, owner: str) -> None:
        """End the owner's lease and heal everything that it owns; KeyError when unknown."""
        self._living.pop(owner).timer.cancel()
        self._heal(owner)
