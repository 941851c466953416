"""Kill: a process dies without a word, once or again and again."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from codeblue.errors import CodeblueError, UsageError
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground
from codeblue.faults.process.declared import Declared
from codeblue.faults.process.identity import Identity
from codeblue.faults.process.succession import END_SECONDS, Succession, healing, successor

MOST = 20


@dataclass(frozen=True)
class Kill(Succession):
    """SIGKILL to a declared process, ``times`` times: each successor dies once it has answered."""

    times: int = 1

    type = "kill"

    def prepare(self, ground: Ground) -> Trace:
        """Find the process."""
        if not 1 <= self.times <= MOST:
            raise UsageError(f"fault kill: times is {self.times}. Give 1 to {MOST}.")
        return super().prepare(ground)

    def inject(self, ground: Ground, trace: Trace) -> None:
        """Kill it, and then every successor but the last."""
        declared = Declared.on(ground, self.process)
        victim: Identity | None = Identity(*trace["victim"])
        for turn in range(self.times):
            if turn and victim is not None:
                victim = successor(declared, victim, trace)
            if victim is None or healing(trace):
                return
            _kill(declared, victim)


def _kill(declared: Declared, victim: Identity) -> None:
    if not victim.send(signal.SIGKILL):
        raise CodeblueError(
            f"process {declared.name} (pid {victim.pid}): it ended before it was killed. Run again."
        )
    if not victim.wait(END_SECONDS):
        raise CodeblueError(
            f"process {declared.name} (pid {victim.pid}): still there {END_SECONDS:g} s after "
            "SIGKILL; it hangs in the kernel."
        )
