"""File size: what a process writes meets its end, as on a full disk."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from codeblue.errors import UsageError
from codeblue.faults.process.identity import Identity
from codeblue.faults.process.limits import LimitFault

_UNLIMITED = -1
_KIB = 1024


@dataclass(frozen=True)
class FileSize(LimitFault):
    """A declared process can write no file beyond ``kilobytes`` KiB; then it gets EFBIG.

    That is a full disk for one process, and needs neither rights nor a disk of its own: writes
    within what a file already has succeed, what would make it longer fails.
    """

    kilobytes: int = 0

    type = "file-size"
    limit = "RLIMIT_FSIZE"

    def lowered(self, member: Identity, soft: int) -> int:
        """The limit in bytes; UsageError for one that the signal SIGXFSZ would end."""
        _must_survive(member)
        wanted = self.kilobytes * _KIB
        return wanted if soft == _UNLIMITED else min(soft, wanted)


def _must_survive(member: Identity) -> None:
    """With the limit comes a signal whose default action is death; that would be another fault."""
    if not _bears(member.pid, signal.SIGXFSZ):
        raise UsageError(
            f"fault file-size: pid {member.pid} neither ignores nor handles SIGXFSZ, so it would "
            "be killed rather than see an error. Use kill for that."
        )


def _bears(pid: int, number: signal.Signals) -> bool:
    """Whether the process ignores the signal or handles it, by its masks in /proc."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigIgn", "SigCgt"))]
    return any(mask >> (number - 1) & 1 for mask in masks)
