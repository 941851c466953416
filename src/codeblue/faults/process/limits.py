"""Faults that lower a limit of a declared process, and give it back.

Only the *soft* limit is touched. The kernel lets a process, and whoever may signal it, raise that
again up to the hard limit; a lowered hard limit could be raised by nobody but root, so a fault that
lowered it could not be healed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from codeblue.errors import UsageError
from codeblue.faults.capabilities import require
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground
from codeblue.faults.placed import Placed
from codeblue.faults.process.declared import Declared
from codeblue.faults.process.identity import Identity


@dataclass(frozen=True)
class LimitFault(Placed):
    """A process has less of something; children that it makes meanwhile inherit that.

    Healing therefore goes to its descendants, too, wherever the lowered limit is found.
    """

    process: str

    limit: ClassVar[str]
    """The limit's name in the module `resource`, such as `RLIMIT_NOFILE`."""

    def lowered(self, member: Identity, soft: int) -> int:
        """The soft limit under the fault, of one that has `soft` now (-1: none)."""
        raise NotImplementedError

    def prepare(self, ground: Ground) -> Trace:
        """Find the process, and work out its limit."""
        require(self.type)
        member = Declared.on(ground, self.process).find()
        try:
            soft, hard = _get(member.pid, self.limit)
            lowered = self.lowered(member, soft)
            _set(member.pid, self.limit, (soft, hard))  # changes nothing, and shows that it may
        except PermissionError:
            raise UsageError(
                f"fault {self.type}: the limits of {self.process} (pid {member.pid}) belong to "
                "another account. Run codeblue under the account of the platform."
            ) from None
        if lowered == soft:
            raise UsageError(
                f"fault {self.type}: {self.process} (pid {member.pid}) may have no more than that "
                f"as it is; its soft limit is {soft}. Give less."
            )
        before = {"soft": soft, "hard": hard, "lowered": lowered}
        return {"process": [member.pid, member.started], **before}

    def inject(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """Lower the soft limit."""
        member = Identity(*trace["process"])
        if member.alive:
            _set(member.pid, self.limit, (trace["lowered"], trace["hard"]))

    def heal(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """Give the soft limit back, to all that have the lowered one."""
        for member in self._lowered(trace):
            _set(member.pid, self.limit, (trace["soft"], trace["hard"]))

    def healed(self, ground: Ground, trace: Trace) -> bool:  # noqa: ARG002 - a Fault
        """Whether none has the lowered limit."""
        return not self._lowered(trace)

    def _lowered(self, trace: Trace) -> list[Identity]:
        root = Identity(*trace["process"])
        if not root.alive or trace["lowered"] == trace["soft"]:
            return []
        found = []
        for member in (root, *root.descendants()):
            with suppress(ProcessLookupError, PermissionError):
                if _get(member.pid, self.limit) == (trace["lowered"], trace["hard"]):
                    found.append(member)
        return found


def _get(pid: int, limit: str) -> tuple[int, int]:
    import resource  # not everywhere

    return resource.prlimit(pid, getattr(resource, limit))


def _set(pid: int, limit: str, values: tuple[int, int]) -> None:
    import resource

    with suppress(ProcessLookupError):
        resource.prlimit(pid, getattr(resource, limit), values)
