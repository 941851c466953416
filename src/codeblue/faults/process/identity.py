"""Who a process is: its number and the moment of its start, so that no stranger is signalled."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

_STATE, _START = 0, 19
"""Places behind the name in /proc/PID/stat; see proc(5), fields 3 and 22."""
_DEAD = "ZX"


@dataclass(frozen=True)
class Identity:
    """One process; a later one with the same number is somebody else.

    ``started`` counts clock ticks since the machine booted. Unlike a time of day it is the same for
    every reader, also when the clock is set in between.
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process that has this number now; None when nobody has."""
        look = _look(pid)
        return None if look is None or look[0] in _DEAD else cls(pid, look[1])

    @property
    def state(self) -> str | None:
        """Its state in one letter, as `ps` prints it; None when it is gone, or only a zombie."""
        look = _look(self.pid)
        if look is None or look[1] != self.started or look[0] in _DEAD:
            return None
        return look[0]

    @property
    def alive(self) -> bool:
        """Whether it still runs, or is stopped."""
        return self.state is not None

    def send(self, number: signal.Signals) -> bool:
        """Send it a signal; False when it is gone. PermissionError when that is not allowed."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            # The handle is taken first: whoever it stands for cannot be replaced any more.
            if not self.alive:
                return False
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
            return True
        finally:
            os.close(handle)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came in time."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            return not self.alive or bool(poll.poll(seconds * 1000))
        finally:
            os.close(handle)

    def descendants(self) -> list[Identity]:
        """Its children and theirs, as they are now."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.pid).children(recursive=True) if self.alive else []
            members = (Identity.of(each.pid) for each in found)
            return [member for member in members if member is not None]
        return []


def _look(pid: int) -> tuple[str, int] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in front may itself hold spaces and brackets.
    values = text.rpartition(")")[2].split()
    return values[_STATE], int(values[_START])
