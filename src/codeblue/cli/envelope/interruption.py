"""Ctrl-C and SIGTERM while a fault is in place: it heals before anything else ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from codeblue.cli.load.interruption import Interruption as OfLoads


class Interruption(OfLoads):
    """As that of a load, and whoever waits for a generator to start does not wait under a fault."""

    def __init__(self) -> None:
        self._first: Callable[[], object] | None = None
        super().__init__()

    @contextmanager
    def first(self, action: Callable[[], object]) -> Iterator[None]:
        """For the length of the block, a signal takes ``action`` before it interrupts."""
        self._first = action
        try:
            yield
        finally:
            self._first = None

    def _received(self, number: int, frame: FrameType | None) -> None:
        action, self._first = self._first, None
        try:
            if action is not None:
                action()
        finally:
            super()._received(number, frame)
