"""Children that do not outlive their parent, even when it is killed with SIGKILL."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the one that started it ends, however it ends.

    Linux only; elsewhere the guardian alone cleans up. The kernel watches the parent's *thread*,
    so such a process is to be started from a main thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
