"""What a guardian has been told to watch, and whether its holder still lives."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from codeblue.faults.record import StandingFault

SILENCE_SECONDS = 1.2


@dataclass(eq=False)
class Watched:
    """One fault on the list. Who heals it holds ``lock``; after ``struck`` nobody does."""

    standing: StandingFault
    struck: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Watchlist:
    """The bookkeeping of a guardian: orders in, faults to heal out; time is given from outside.

    A fault stays on the list when it was healed because the holder fell silent: the holder may
    have been stopped between our answer and its injection, and may go on and inject.
    """

    def __init__(self, now: float) -> None:
        self._watched: dict[str, Watched] = {}
        self._heard = now
        self._silent = False

    def obey(self, order: dict[str, Any], now: float) -> None:
        """Carry out an order: ``{"watch": {...}}``, ``{"strike": name}`` or ``{"beat": true}``.

        Striking off waits for a healing of that fault that is going on, so that none touches what
        the holder does next.
        """
        self._heard, self._silent = now, False
        if "watch" in order:
            standing = StandingFault(**order["watch"])
            self._watched[standing.fault] = Watched(standing)
        elif watched := self._watched.pop(order.get("strike", ""), None):
            with watched.lock:
                watched.struck = True

    def fell_silent(self, now: float) -> bool:
        """Whether the holder has just been found silent; once for each silence."""
        if self._silent or now - self._heard < SILENCE_SECONDS:
            return False
        self._silent = True
        return True

    def forgive(self, now: float) -> None:
        """Count the time until now as no silence: we ourselves were held up, and heard nothing."""
        self._heard = now

    def patience(self, now: float) -> float | None:
        """Seconds to wait for the next order; None for as long as it takes."""
        return None if self._silent else max(0.0, self._heard + SILENCE_SECONDS - now)

    def watched(self) -> list[Watched]:
        """Everything on the list."""
        return list(self._watched.values())
