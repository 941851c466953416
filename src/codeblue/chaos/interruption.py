"""Stopping an experiment from a thread or by a signal, only where stopping does no harm.

Chaos Toolkit stops by raising out of a signal handler, wherever its main thread happens to be.
Inside a Python activity its SIGTERM is filed as a failure of that activity, and the experiment goes
on; while rollbacks are played any signal ends them; between two of its steps it ends the run
without rollbacks and without a journal. So our handlers stand in front of the toolkit's own while
an experiment runs. A request to stop is kept. It becomes the toolkit's own graceful exit at once
when an activity is under way, and an interrupt at the next step otherwise.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from chaoslib.exceptions import InterruptExecution

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
# What chaoslib.exit raises on SIGUSR1: leave now, and play the rollbacks.
_GRACEFUL = 20
# An exception out of a signal handler can get lost: Python drops it when it lands in the callback
# of a weak reference, and libraries catch what they should not. So the request is repeated.
_AGAIN_SECONDS = 5.0

_logger = logging.getLogger("chaostoolkit")


@dataclass
class _State:
    """What is known of one experiment."""

    reason: str = ""
    open: bool = False
    rollbacks: bool = False
    postponed: int = 0
    pending: bool = False
    signals_in_rollbacks: int = 0
    left: threading.Event = field(default_factory=threading.Event)
    insisting: bool = False


class Interruption:
    """The request to stop one experiment, and the places where it may be obeyed."""

    def __init__(self) -> None:
        self._state = _State()
        self._previous: dict[int, Any] = {}

    @property
    def reason(self) -> str:
        """Why the experiment is being stopped; empty while it is not."""
        return self._state.reason

    def begin(self) -> None:
        """A new experiment: nobody asked to stop; our handlers stand in front of the toolkit's."""
        self.end()
        self._state = _State()
        if not _in_main_thread():
            return
        for number in _SIGNALS:
            # Whoever ignores a signal, as a shell does for jobs in the background, means it.
            if callable(signal.getsignal(number)):
                self._previous[number] = signal.signal(number, self._handle)

    def end(self) -> None:
        """The experiment is over: the toolkit's handlers are back."""
        self.close()
        while self._previous:
            signal.signal(*self._previous.popitem())

    def open(self) -> None:
        """From now on a request is obeyed at once: the toolkit catches what is raised here."""
        if _in_main_thread():
            self._state.left.clear()
            self._state.open = True

    def close(self) -> None:
        """From now on a request waits for the next step."""
        if _in_main_thread():
            self._state.open = False
            self._state.left.set()

    def protect_rollbacks(self) -> None:
        """From now on it takes two more signals to cut the rollbacks short."""
        self.close()
        self._state.rollbacks = True

    def request(self, reason: str) -> None:
        """Ask to stop, in words; the first reason counts. Nothing is interrupted yet."""
        self._state.reason = self._state.reason or reason

    def interrupt(self) -> None:
        """Interrupt the activity that is under way, if one is; callable from any thread."""
        if self._state.open and signal.SIGUSR1 in self._previous:
            os.kill(os.getpid(), signal.SIGUSR1)

    def obey(self) -> None:
        """Stop here if somebody asked to.

        Raises:
            InterruptExecution: somebody did, and no rollbacks are being played.
        """
        if self.reason and not self._state.rollbacks:
            raise InterruptExecution(self.reason)

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """A signal that arrives in the block is obeyed at its end."""
        if not _in_main_thread():
            yield
            return
        self._state.postponed += 1
        try:
            yield
        finally:
            self._state.postponed -= 1
            if self._state.pending and self._state.open and not self._state.postponed:
                self._state.pending = False
                raise SystemExit(_GRACEFUL)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.request(f"{signal.Signals(number).name} was received")
        if self._state.rollbacks:
            self._handle_in_rollbacks(number, frame)
        elif self._state.open:
            self._insist()
            self._state.pending = bool(self._state.postponed)
            if not self._state.postponed:
                raise SystemExit(_GRACEFUL)

    def _handle_in_rollbacks(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGUSR1:
            return  # a guard that was late; the faults are going already
        self._state.signals_in_rollbacks += 1
        if self._state.signals_in_rollbacks > 1:
            self._previous[number](number, frame)
        else:
            _logger.warning("The rollbacks are being played. Once more to cut them short.")

    def _insist(self) -> None:
        if not self._state.insisting:
            self._state.insisting = True
            threading.Thread(target=self._repeat, name="interruption", daemon=True).start()

    def _repeat(self) -> None:
        while not self._state.left.wait(_AGAIN_SECONDS):
            self.interrupt()


current = Interruption()
"""Of the experiment in progress; Chaos Toolkit runs one at a time in a process."""

postponed = current.postponed


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
