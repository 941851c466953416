"""How much memory can still be had: on the machine, and in the control groups of this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

MIB = 2**20
_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def available_mib() -> int:
    """MiB that can be had without swapping: the machine's, or less in a group with a limit."""
    rooms = [psutil.virtual_memory().available]
    with suppress(OSError):
        for folder in _groups(_MEMBERSHIP.read_text(), _ROOT):
            with suppress(OSError, ValueError):  # no such file, or no limit ("max")
                rooms.append(_room(folder))
    return max(0, min(rooms)) // MIB


def _groups(membership: str, root: Path) -> Iterator[Path]:
    """The memory groups of a process and all above them, in version 2 and in version 1."""
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        top = root / controllers
        here = top / path.lstrip("/")
        yield from (each for each in (here, *here.parents) if each == top or top in each.parents)


def _room(folder: Path) -> int:
    """Bytes below the limit, when the kernel has given up the file pages that nobody uses."""
    names = _VERSION_2 if (folder / _VERSION_2[0]).exists() else _VERSION_1
    limit, used = (int((folder / name).read_text()) for name in names[:2])
    counts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return limit - used + int(counts.get(names[2], 0))


_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
