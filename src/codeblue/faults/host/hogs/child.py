"""A hog: `python child.py '{"kind": ..., "holder": PID, "seconds": N, ...}'`.

Stands alone and imports nothing of codeblue, so that it starts at once and needs little itself.
Says `parked`, waits for a line on standard input, takes its share, says `working`. It ends when its
seconds are over, when its holder ends, and when standard input closes, whichever comes first.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import select
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PARKED_SECONDS = 10
_MIB = 2**20
_MEMORY_STEP = 16
_DISK_STEP = 64
_BLOCK = 4096
_SLICE = 0.05  # seconds in which a core is busy for its percentage, and idle for the rest


class Holder:
    """The process that this one must not outlive."""

    def __init__(self, pid: int) -> None:
        self._handle = os.pidfd_open(pid)
        self._poll = select.poll()
        self._poll.register(self._handle, select.POLLIN)
        self._poll.register(0, select.POLLIN)
        if os.getppid() != pid:  # it ended before it could be watched
            os._exit(0)

    def gone(self, seconds: float = 0.0) -> bool:
        """Wait that long; whether the holder ended, or let go of the pipe, in the meantime."""
        events = dict(self._poll.poll(seconds * 1000))
        return self._handle in events or (0 in events and not os.read(0, 64))

    def outlast(self) -> None:
        """Return when the holder is gone; the alarm comes before that, or it does not."""
        while not self.gone(3600.0):
            pass


def main() -> None:
    """Wait for the word, take the share, and hold it."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    signal.alarm(order.get("patience", PARKED_SECONDS))  # its default action ends this process
    _die_first()
    holder = Holder(order["holder"])
    _say("parked")
    if os.read(0, 64) != b"work\n":
        return
    signal.alarm(order["seconds"])
    try:
        held = _TAKE[order["kind"]](order, holder)
    except OSError as error:
        _say(f"{error.strerror or error}")
        return
    _say("working")
    holder.outlast()
    del held


def take_cpu(order: dict[str, Any], _holder: Holder) -> object:
    """Keep `cores` children busy, each for `percent` of its time."""
    parent = os.getpid()
    for _ in range(order["cores"]):
        if os.fork() == 0:
            signal.alarm(order["seconds"])  # a child does not inherit it
            _burn(order["percent"] / 100, parent)
    return None


def take_memory(order: dict[str, Any], holder: Holder) -> list[mmap.mmap]:
    """Hold `megabytes` MiB, written with noise which the kernel can neither share nor press."""
    held = []
    for start in range(0, order["megabytes"], _MEMORY_STEP):
        if holder.gone():
            sys.exit(0)
        size = min(_MEMORY_STEP, order["megabytes"] - start)
        block = mmap.mmap(-1, size * _MIB)
        noise = os.urandom(_MIB)
        for _ in range(size):
            block.write(noise)
        held.append(block)
    return held


def take_disk(order: dict[str, Any], holder: Holder) -> int:
    """Reserve `megabytes` MiB in `folder`, in a file without a name: it ends with this process.

    Where there is less room, all that there is: that was what was wanted.
    """
    file, start, end = _nameless(order["folder"]), 0, order["megabytes"] * _MIB
    step = _DISK_STEP * _MIB
    while start < end and step >= _BLOCK and not holder.gone():
        size = min(step, end - start)
        try:
            os.posix_fallocate(file, start, size)
            start += size
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            step = size // 2
    return file


def _nameless(folder: str) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:  # a file system without such files
        file, path = tempfile.mkstemp(prefix=".hog-", dir=folder)
        os.unlink(path)  # noqa: PTH108 - by its text, as it came
        return file


def _burn(share: float, parent: int) -> None:
    while os.getppid() == parent:
        until = time.perf_counter() + share * _SLICE
        while time.perf_counter() < until:
            pass
        if share < 1:
            time.sleep((1 - share) * _SLICE)
    os._exit(0)


def _die_first() -> None:
    """Should memory run out all the same, let the kernel choose this process."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _say(word: str) -> None:
    with suppress(BrokenPipeError):
        print(word, flush=True)  # noqa: T201 - the holder reads it


_TAKE = {"cpu": take_cpu, "memory": take_memory, "disk": take_disk}

if __name__ == "__main__":
    main()
