"""Reset peer: the connection breaks with a TCP RST."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import ClassVar

from codeblue.proxy.toxics.stage import LONGEST_PAUSE, Pipe, Stage, Wire

IDLE_SECONDS = 1.0
"""A link without traffic for so long is idle."""


class ResetPeer(Stage):
    """Resets both sides `timeout` ms after the first traffic in its direction.

    A link that is idle for a second is reset `timeout` ms later as well, whether it was open
    before the toxic or not. Removed while it waits, it passes the traffic on instead.
    """

    kind = "reset_peer"
    units: ClassVar[Mapping[str, str]] = {"timeout": "ms"}

    def __init__(self, values: Mapping[str, int], wire: Wire, random: Random) -> None:
        super().__init__(values, wire, random)
        self._idle: asyncio.TimerHandle | None = None

    def pipe(self, chunk: bytes, at: float) -> Pipe:  # noqa: ARG002 - lost with the connection
        """Wait, then reset."""
        return self.closing()

    def closing(self) -> Pipe:
        """Wait, then reset."""
        self._stop_waiting()
        yield self._seconds()
        self.wire.reset()

    def started(self) -> None:
        """Wait for traffic, or for so long that the link is idle."""
        self._stop_waiting()
        if not self.ended and self._work is None:
            seconds = min(IDLE_SECONDS + self._seconds(), LONGEST_PAUSE)
            self._idle = asyncio.get_running_loop().call_later(seconds, self.wire.reset)

    def changed(self) -> None:
        """Start over with the new value."""
        super().changed()
        self.started()

    def release(self) -> None:
        """Pass the traffic on."""
        self._stop_waiting()
        super().release()

    def cancel(self) -> None:
        """Drop everything: the connection is gone."""
        self._stop_waiting()
        super().cancel()

    def _seconds(self) -> float:
        return max(0, self.values["timeout"]) / 1000

    def _stop_waiting(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
