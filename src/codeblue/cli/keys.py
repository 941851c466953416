"""Keys that are pressed on the terminal while a command goes on."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

_GLANCE = 0.1  # seconds


@contextmanager
def pressed(actions: Mapping[str, Callable[[], None]]) -> Iterator[bool]:
    """For the length of the block, call the action of each key that is pressed, one at a time.

    Yields whether there is a terminal to press keys on; without one, and for a job in the
    background, nothing happens. Ctrl-C stays what it is.
    """
    terminal = sys.stdin.fileno() if sys.stdin.isatty() else -1
    if not _ours(terminal):
        yield False
        return
    before, ended = termios.tcgetattr(terminal), threading.Event()
    listener = threading.Thread(target=_listen, args=(terminal, actions, ended), daemon=True)
    tty.setcbreak(terminal)
    listener.start()
    try:
        yield True
    finally:
        ended.set()
        listener.join()
        if _ours(terminal):
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _listen(
    terminal: int, actions: Mapping[str, Callable[[], None]], ended: threading.Event
) -> None:
    while not ended.is_set():
        if not _ours(terminal):
            ended.wait(_GLANCE)
        elif select.select([terminal], [], [], _GLANCE)[0]:
            action = actions.get(os.read(terminal, 1).decode(errors="replace"))
            if action is not None:
                action()


def _ours(terminal: int) -> bool:
    """Whether keys come to this process: a job in the background is stopped when it asks."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False  # there is none, or it is gone
