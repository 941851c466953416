"""Stop: a process that is there, holds its connections, and does nothing."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import Literal

from codeblue.errors import CodeblueError, UsageError
from codeblue.faults.capabilities import require
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground
from codeblue.faults.placed import Placed
from codeblue.faults.process.declared import Declared
from codeblue.faults.process.identity import Identity

STOP_SECONDS = 2.0
_STOPPED = "T"
_POLL = 0.005


@dataclass(frozen=True)
class Stop(Placed):
    """SIGSTOP to a declared process: it freezes as it stands, like a virtual machine that pauses.

    The kernel still accepts connections for it, so callers wait rather than fail. With
    ``extent = "family"`` its descendants freeze, too: those that it has when the fault is prepared.
    """

    process: str
    extent: Literal["process", "family"] = "process"

    type = "stop"

    def prepare(self, ground: Ground) -> Trace:
        """Find the process, and its descendants when they are wanted."""
        require(self.type)
        first = Declared.on(ground, self.process).find()
        if first.state == _STOPPED:
            raise UsageError(
                f"process {self.process} (pid {first.pid}): it is stopped already, and not by this "
                "fault. Let it go on (SIGCONT), and run again."
            )
        family = first.descendants() if self.extent == "family" else []
        members = [first, *(member for member in family if member.state != _STOPPED)]
        return {"members": [[member.pid, member.started] for member in members]}

    def inject(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """Stop them, parents first, so that none sees a child stop and does something about it."""
        members = _members(trace)
        for member in members:
            member.send(signal.SIGSTOP)
        deadline = time.monotonic() + STOP_SECONDS
        while not all(member.state in (_STOPPED, None) for member in members):
            if time.monotonic() > deadline:
                raise CodeblueError(
                    f"process {self.process}: not stopped {STOP_SECONDS:g} s after SIGSTOP; it "
                    "hangs in the kernel. Run again."
                )
            time.sleep(_POLL)

    def heal(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """Let them go on, children first; this also takes back a SIGSTOP that has yet to arrive."""
        for member in reversed(_members(trace)):
            member.send(signal.SIGCONT)

    def healed(self, ground: Ground, trace: Trace) -> bool:  # noqa: ARG002 - a Fault
        """Whether none of them is stopped; one that is gone is not stopped."""
        return all(member.state != _STOPPED for member in _members(trace))


def _members(trace: Trace) -> list[Identity]:
    return [Identity(pid, started) for pid, started in trace["members"]]
