"""Ctrl-C and SIGTERM: the first one ends a load in order, the next one ends everything at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """What a signal means now.

    While a load is watched, the first signal is only noted in ``asked``, and whoever watches ends
    the load. At any other time, and the second time, it is a KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.asked = False
        self._watching = False
        signal.signal(signal.SIGINT, self._received)
        signal.signal(signal.SIGTERM, self._received)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """For the length of the block, somebody looks at ``asked``."""
        self._watching = True
        try:
            yield
        finally:
            self._watching = False

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        first, self.asked = not self.asked, True
        if not (first and self._watching):
            raise KeyboardInterrupt
