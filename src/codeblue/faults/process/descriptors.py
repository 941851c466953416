"""Descriptors: a process can open hardly anything any more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from codeblue.faults.process.identity import Identity
from codeblue.faults.process.limits import LimitFault


@dataclass(frozen=True)
class Descriptors(LimitFault):
    """A declared process can open ``left`` more files and sockets; then it gets EMFILE.

    They are counted when the fault is prepared. What is open stays open: this is the end of a leak
    of descriptors, not a loss of connections. The soft limit alone is lowered, because anybody who
    may lower it may raise it again; a lowered hard limit could not be healed without root.
    """

    left: int = 0

    type = "descriptors"
    limit = "RLIMIT_NOFILE"

    def lowered(self, member: Identity, soft: int) -> int:
        """A limit under which exactly `left` numbers are free."""
        taken = {int(entry.name) for entry in Path(f"/proc/{member.pid}/fd").iterdir()}
        return min(soft, limit_for(taken, self.left))


def limit_for(taken: Collection[int], left: int) -> int:
    """The largest limit below which exactly `left` descriptors are not `taken`.

    The kernel gives the lowest free number, which has to be below the limit. A smaller limit would
    do that as well, but poll() refuses to look at more descriptors than the limit says.
    """
    used = set(taken)
    number = 0
    while left or number in used:
        left -= number not in used
        number += 1
    return number
